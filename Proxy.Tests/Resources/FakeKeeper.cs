using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Resources;

/// <summary>A provider that keeps what it is given, as one account: whoever has its key gets everything.</summary>
internal sealed class FakeKeeper
{
    private readonly ConcurrentDictionary<string, JsonObject> _things = [];
    private readonly string _name;
    private int _number;

    public FakeKeeper(FakeProvider provider, string name)
    {
        _name = name;
        provider.Answer = AnswerAsync;
    }

    /// <summary>What files hold when they are read.</summary>
    public byte[] FileContent { get; set; } = "content"u8.ToArray();

    private Task AnswerAsync(HttpContext context, ProviderCall call)
    {
        var path = call.Path.Split('/')[2..];
        return (context.Request.Method, path) switch
        {
            ("POST", ["responses"]) => RespondAsync(context, call),
            ("POST", ["threads", _, "runs"]) when call.Json["stream"] is not null => RunAsync(context, path[1]),
            ("POST", [var kind]) => FakeProvider.Json(context, Keep(kind, context.Request.HasFormContentType ? [] : call.Json)),
            ("POST", ["threads", "runs"]) => FakeProvider.Json(context, Keep("runs", new JsonObject { ["thread_id"] = Id(Keep("threads", [])) })),
            ("GET", [var kind]) => FakeProvider.Json(context, List(kind)),
            ("GET", ["files", _, "content"]) => ContentAsync(context),
            ("GET", ["threads", _, "runs", var run]) => FakeProvider.Json(
                context, $$$"""{"id":"{{{run}}}","object":"thread.run","status":"completed","model":"gpt-upstream","usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}"""),
            ("DELETE", [_, var id]) => FakeProvider.Json(context, $$$"""{"id":"{{{id}}}","deleted":{{{(_things.TryRemove(id, out var _) ? "true" : "false")}}}}"""),
            (_, [_, var id, ..]) when _things.TryGetValue(id, out var thing) => FakeProvider.Json(context, thing.ToJsonString()),
            _ => FakeProvider.Json(context, """{"error":{"message":"No such thing.","type":"invalid_request_error"}}""", 404),
        };
    }

    /// <summary>What comes of a thing later.</summary>
    public void Change(string id, JsonObject changed)
    {
        changed["id"] = id;
        _things[id] = changed;
    }

    public string Keep(string kind, JsonObject thing)
    {
        var id = $"{kind}-{_name}-{Interlocked.Increment(ref _number)}";
        thing["id"] = id;
        thing["object"] = kind;
        _things[id] = thing.DeepClone().AsObject();
        return thing.ToJsonString();
    }

    private static string Id(string thing) => JsonNode.Parse(thing)!["id"]!.GetValue<string>();

    private string List(string kind) => new JsonObject
    {
        ["object"] = "list",
        ["data"] = new JsonArray([.. _things.Values.Where(thing => thing["object"]?.GetValue<string>() == kind).Select(thing => thing.DeepClone())]),
        ["first_id"] = "foreign",
        ["has_more"] = false,
    }.ToJsonString();

    private Task RespondAsync(HttpContext context, ProviderCall call)
    {
        var number = Interlocked.Increment(ref _number);
        var body = ResponseBodies.Response("Hello");
        string Named(string text) => text.Replace("resp_1", $"resp_{_name}_{number}", StringComparison.Ordinal).Replace("msg_1", $"msg_{_name}_{number}", StringComparison.Ordinal);
        _things[$"resp_{_name}_{number}"] = JsonNode.Parse(Named(body))!.AsObject();
        if (call.Json["stream"] is null) return FakeProvider.Json(context, Named(body));

        context.Response.ContentType = "text/event-stream";
        return context.Response.WriteAsync(Named(ResponseBodies.Stream(words: "Hello")));
    }

    private async Task RunAsync(HttpContext context, string thread)
    {
        var run = $"run_{_name}_{Interlocked.Increment(ref _number)}";
        context.Response.ContentType = "text/event-stream";
        foreach (var (name, status, usage) in ((string, string, string)[])[("thread.run.created", "queued", "null"), ("thread.run.completed", "completed", """{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}""")])
            await context.Response.WriteAsync($$"""event: {{name}}{{"\n"}}data: {"id":"{{run}}","thread_id":{{JsonSerializer.Serialize(thread)}},"status":"{{status}}","model":"gpt-upstream","usage":{{usage}} }{{"\n\n"}}""");
        await context.Response.WriteAsync("event: done\ndata: [DONE]\n\n");
    }

    private async Task ContentAsync(HttpContext context)
    {
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = FileContent.Length;
        await context.Response.Body.WriteAsync(FileContent);
    }
}
