using Proxy.Host.LogDesk;
using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;

namespace Proxy.Host.ApiDocs;

/// <summary>The endpoints of the host in the API's document.</summary>
internal static class HostDescriptions
{
    private static readonly DetailField[] DeadLetterChoice = [new("id", DetailShape.Count), new("target_id", DetailShape.Text), new("all", DetailShape.Flag)];

    public static IEnumerable<EndpointDescription> All =>
    [
        new("GET", "/docs", "This document as a page.") { AnswerMediaType = "text/html" },
        new("GET", "/docs/{file}", "What the page is made of.") { AnswerMediaType = "text/javascript" },
        new("GET", "/metrics", "Shows all figures, for Prometheus; for admins and viewers unless the operator made them public.") { AnswerMediaType = "text/plain" },
        new("GET", "/health", "Probes every deployment now.") { Answer = Probing.HealthJson.Default.HealthReport },
        new("GET", "/health/logging", "Says which log targets need somebody.") { Answer = LogDeskJson.Default.LogHealth },
        new("GET", "/health/services", "Sends a test record to the gateway's own log targets of one kind.")
        {
            Query = [new("service", DetailShape.Text)],
            AnswerExample = """{"status":"success","message":"The project took a test record."}""",
        },
        new("GET", "/active/callbacks", "Names the gateway's own log targets.")
        {
            AnswerExample = """{"litellm.callbacks":["langfuse"],"litellm.success_callback":["langfuse"],"litellm.failure_callback":["langfuse"],"num_callbacks":1}""",
        },
        new("GET", "/logging/targets", "Lists the log targets with what waits for them.") { Answer = LogDeskJson.Default.TargetList },
        new("GET", "/logging/dead-letters", "Lists records that no target took.") { Answer = LogDeskJson.Default.DeadLetterList },
        new("POST", "/logging/dead-letters/retry", "Has dead letters sent again.") { Fields = DeadLetterChoice, Shown = ["target_id"], Answer = LogDeskJson.Default.Retried },
        new("POST", "/logging/dead-letters/purge", "Throws dead letters away.") { Fields = DeadLetterChoice, Shown = ["all"], Answer = LogDeskJson.Default.Purged },
        .. ModelLists("/v1/models"),
        .. ModelLists("/models"),
        .. CallDescriptions.All,
        .. ResourceDescriptions.All,
    ];

    private static IEnumerable<EndpointDescription> ModelLists(string path) =>
    [
        new("GET", path, "Lists the models that the caller may use.")
        {
            AnswerExample = """{"data":[{"id":"gpt-4o","object":"model","created":1677610602,"owned_by":"openai"}],"object":"list"}""",
        },
        new("GET", path + "/{model}", "Shows one model.") { AnswerExample = """{"id":"gpt-4o","object":"model","created":1677610602,"owned_by":"openai"}""" },
    ];
}
