using Proxy.Host.Providers;
using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;

namespace Proxy.Host.ApiDocs;

/// <summary>The calls about what providers keep, in the API's document. Their bodies and answers are the provider's; the gateway sees to whose things they are.</summary>
internal static class ResourceDescriptions
{
    private const string Whose = "Of the caller's own alone; what is somebody else's is not found.";

    private static readonly string[] Prefixes = ["/v1", ""];

    private static readonly DetailField[] Pages = [new("after", DetailShape.Text), new("limit", DetailShape.Text)];

    /// <summary>What there is below one of them.</summary>
    private static readonly (ApiOperation Operation, string Method, string Tail, string Does)[] Parts =
    [
        (ApiOperation.StoredResponse, "GET", "/input_items", "Lists what a stored response was asked."),
        (ApiOperation.Conversations, "POST", "", "Changes the metadata of a conversation."),
        (ApiOperation.Conversations, "GET", "/items", "Lists the items of a conversation."),
        (ApiOperation.Conversations, "POST", "/items", "Adds items to a conversation."),
        (ApiOperation.Files, "GET", "/content", "Brings what is in a file."),
        (ApiOperation.Batches, "POST", "/cancel", "Ends a batch."),
        (ApiOperation.FineTuning, "POST", "/cancel", "Ends a training."),
        (ApiOperation.FineTuning, "GET", "/events", "Lists what a training has said of itself."),
        (ApiOperation.FineTuning, "GET", "/checkpoints", "Lists the models that a training has made on its way."),
        (ApiOperation.Assistants, "POST", "", "Changes an assistant."),
        (ApiOperation.Threads, "POST", "", "Changes the metadata of a thread."),
        (ApiOperation.Threads, "GET", "/messages", "Lists the messages of a thread."),
        (ApiOperation.Threads, "POST", "/messages", "Adds a message to a thread."),
        (ApiOperation.Threads, "GET", "/runs", "Lists the runs of a thread."),
        (ApiOperation.Threads, "POST", "/runs", "Runs an assistant on a thread; one that is not streamed needs Requests:AllowLaterCost."),
        (ApiOperation.Threads, "GET", "/runs/{run_id}", "Shows a run, and bills it once when it is over."),
        (ApiOperation.VectorStores, "POST", "", "Changes a vector store."),
        (ApiOperation.VectorStores, "GET", "/files", "Lists the files of a vector store."),
        (ApiOperation.VectorStores, "POST", "/files", "Adds a file to a vector store."),
        (ApiOperation.VectorStores, "POST", "/search", "Searches a vector store."),
    ];

    public static IEnumerable<EndpointDescription> All =>
        from operation in ApiOperation.Resources
        from prefix in Prefixes
        from description in Describe(operation, prefix + operation.Path)
        select description;

    private static IEnumerable<EndpointDescription> Describe(ApiOperation operation, string path)
    {
        var (kind, one) = (operation.ResourceKind.Replace('_', ' '), path + "/{id}");
        var shown = $$"""{"id":"{{operation.ResourceKind}}_1","object":"{{operation.ResourceKind}}"}""";
        if (operation.IsCreated) yield return Call("POST", path, $"Makes a {kind} at the provider of a model, or of custom_llm_provider. {LaterOf(operation)}It is the caller's from then on.", shown);
        if (operation.IsListed) yield return Call("GET", path, $"Lists each {kind}. {Whose}", $$"""{"object":"list","data":[{{shown}}],"has_more":false}""", Pages);
        yield return Call("GET", one, $"Shows a {kind}. {Whose}", shown);
        yield return Call("DELETE", one, $"Deletes a {kind}. {Whose}", $$"""{"id":"{{operation.ResourceKind}}_1","deleted":true}""");
        foreach (var (_, method, tail, does) in Parts.Where(part => part.Operation == operation))
            yield return Call(method, one + tail, does, method == "GET" && tail != "/content" ? """{"object":"list","data":[]}""" : shown);
    }

    private static EndpointDescription Call(string method, string path, string summary, string answer, params DetailField[] query) =>
        new(method, path, summary) { AnswerExample = answer, Query = query, IsOpen = true };

    private static string LaterOf(ApiOperation operation) => operation == ApiOperation.Batches || operation == ApiOperation.FineTuning
        ? "It costs later, so it needs Requests:AllowLaterCost. "
        : "";
}
