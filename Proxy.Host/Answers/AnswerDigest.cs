using Proxy.Management.Spend;

namespace Proxy.Host.Answers;

/// <summary>What the gateway takes from an answer: who gave it, what it cost, and the words for the log.</summary>
internal sealed class AnswerDigest
{
    /// <summary>The most that is kept of one answer for the log.</summary>
    public const int MaxKeptBytes = 1024 * 1024;

    /// <summary>The model that the provider names.</summary>
    public string? Model { get; set; }

    /// <summary>Null when the provider said nothing of it.</summary>
    public TokenUsage? Usage { get; set; }

    /// <summary>The answer's words as JSON, for the log; empty when there are none.</summary>
    public ReadOnlyMemory<byte> Output { get; set; }

    /// <summary>Bytes of text that were answered: what an estimate goes by when usage is missing.</summary>
    public long OutputBytes { get; set; }

    /// <summary>What an error inside an answer says; shown in the log only.</summary>
    public string? ErrorMessage { get; set; }
}
