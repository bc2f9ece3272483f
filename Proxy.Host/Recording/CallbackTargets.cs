using Proxy.Logging.Records;
using Proxy.Management.Callbacks;

namespace Proxy.Host.Recording;

/// <summary>Turns a callback, which is what people write, into a log target, which is what the log sends to.</summary>
internal static class CallbackTargets
{
    /// <returns>Null when the callback is of a kind that this gateway does not know.</returns>
    public static LogTarget? Find(TeamCallback callback)
    {
        var vars = callback.Vars;
        var target = callback.Name switch
        {
            LogKinds.Langfuse => Langfuse(callback),
            LogKinds.Webhook => new LogTarget(new Uri(vars["webhook_url"]), "", vars["webhook_secret"]),
            LogKinds.OpenTelemetry => new LogTarget(new Uri(vars["otel_endpoint"]), "", vars.GetValueOrDefault("otel_headers", "")),
            LogKinds.JsonLines => new LogTarget(new Uri(Path.GetFullPath(vars["jsonl_path"])), "", ""),
            _ => null,
        };
        if (target is null) return null;

        var options = new Dictionary<string, string>();
        Copy(vars, options, "langfuse_environment", "environment");
        Copy(vars, options, "langfuse_transport", "transport");
        Copy(vars, options, "batch_size", "batch_size");
        Copy(vars, options, "flush_interval", "flush_interval");
        return target with { Kind = callback.Name, IsTrusted = callback.IsByAdmin, Options = LogTarget.OptionsOf(options) };
    }

    private static LogTarget Langfuse(TeamCallback callback)
    {
        var project = LangfuseProject.Find(callback)!;
        return new LogTarget(new Uri(project.Host), project.PublicKey, project.SecretKey);
    }

    private static void Copy(IReadOnlyDictionary<string, string> vars, Dictionary<string, string> options, string name, string option)
    {
        if (vars.GetValueOrDefault(name) is { Length: > 0 } value) options[option] = value;
    }
}
