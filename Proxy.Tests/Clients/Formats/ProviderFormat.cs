using System.Text;
using System.Text.Json.Nodes;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Clients.Formats;

/// <summary>How a provider of one format answers the scenarios, and what of each must have reached it.</summary>
internal abstract class ProviderFormat
{
    private static readonly ProviderFormat Chat = new ChatFormat();
    private static readonly ProviderFormat Messages = new MessagesFormat();
    private static readonly ProviderFormat Responses = new ResponsesFormat();
    private static readonly ProviderFormat Converse = new ConverseFormat();

    public virtual string StreamType => "text/event-stream";

    /// <summary>What a wish to think a little comes to.</summary>
    public abstract string Effort { get; }

    /// <summary>What marks the result of a tool.</summary>
    public abstract string ResultMark { get; }

    /// <summary>The format of the provider whose path is called.</summary>
    public static ProviderFormat Of(string path) =>
        path.EndsWith("/messages", StringComparison.Ordinal) ? Messages
        : path.EndsWith("/responses", StringComparison.Ordinal) ? Responses
        : path.Contains("/model/") ? Converse
        : Chat;

    public virtual string ScenarioOf(ProviderCall call) => call.Json["model"]!.GetValue<string>();

    public abstract string Error(string sentence, string type);

    /// <summary>A whole answer that says so.</summary>
    public abstract string Words(string words);

    public abstract string Calls { get; }

    public abstract string Thought { get; }

    public abstract string Refusal { get; }

    /// <summary>The stream's events, to be sent one by one.</summary>
    public abstract IEnumerable<byte[]> Stream();

    public bool HasResults(JsonObject asked) => asked.ToJsonString().Contains(ResultMark);

    protected static IEnumerable<byte[]> EventsOf(string stream) => stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(sseEvent => Encoding.UTF8.GetBytes(sseEvent + "\n\n"));
}
