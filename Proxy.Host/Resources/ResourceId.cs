namespace Proxy.Host.Resources;

/// <summary>An id that a provider gave to what it keeps.</summary>
internal readonly record struct ResourceId(string Kind, string Id);

/// <summary>What providers keep, in one word each.</summary>
internal static class ResourceKinds
{
    public const string Response = "response";

    /// <summary>A part of a response or of a conversation.</summary>
    public const string Item = "item";

    /// <summary>Where code of a response or of a message runs.</summary>
    public const string Container = "container";

    public const string Conversation = "conversation";

    public const string File = "file";

    public const string Batch = "batch";

    public const string Thread = "thread";

    /// <summary>What an assistant does within a thread, which costs as a call does.</summary>
    public const string Run = "run";

    /// <summary>No provider's id is longer.</summary>
    public const int MaxId = 256;

    /// <summary>An answer has a response's id and those of its parts.</summary>
    public const int MaxOfAnswer = 512;
}
