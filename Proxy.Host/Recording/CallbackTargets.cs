using Proxy.Logging.Records;
using Proxy.Management.Callbacks;

namespace Proxy.Host.Recording;

/// <summary>Turns a callback, which is what people write, into a log target, which is what the log sends to.</summary>
internal static class CallbackTargets
{
    private const string GoogleStorageHost = "https://storage.googleapis.com";

    /// <summary>Not the empty text, which would stand for the machine's own account.</summary>
    private const string Unusable = "{}";

    /// <returns>Null when the callback is of a kind that this gateway does not know.</returns>
    public static LogTarget? Find(TeamCallback callback)
    {
        var vars = callback.Vars;
        var target = callback.Name switch
        {
            LogKinds.Langfuse => Langfuse(callback),
            LogKinds.Webhook => new LogTarget(new Uri(vars["webhook_url"]), "", vars["webhook_secret"]),
            LogKinds.OpenTelemetry => new LogTarget(new Uri(vars["otel_endpoint"]), "", vars.GetValueOrDefault("otel_headers", "")),
            LogKinds.S3 => S3(vars),
            LogKinds.GoogleStorage => new LogTarget(new Uri(GoogleStorageHost), vars["gcs_bucket_name"], AccountOf(callback)),
            LogKinds.JsonLines => new LogTarget(new Uri(Path.GetFullPath(vars["jsonl_path"])), "", ""),
            _ => null,
        };
        if (target is null) return null;

        var options = new Dictionary<string, string>();
        Copy(vars, options, "langfuse_environment", "environment");
        Copy(vars, options, "langfuse_transport", "transport");
        Copy(vars, options, "s3_region_name", "region");
        Copy(vars, options, "s3_path", "path");
        Copy(vars, options, "batch_size", "batch_size");
        Copy(vars, options, "flush_interval", "flush_interval");
        return target with { Kind = callback.Name, IsTrusted = callback.IsByAdmin, Options = LogTarget.OptionsOf(options) };
    }

    private static LogTarget Langfuse(TeamCallback callback)
    {
        var project = LangfuseProject.Find(callback)!;
        return new LogTarget(new Uri(project.Host), project.PublicKey, project.SecretKey);
    }

    private static LogTarget S3(IReadOnlyDictionary<string, string> vars)
    {
        var region = vars.GetValueOrDefault("s3_region_name", "us-east-1");
        var endpoint = vars.GetValueOrDefault("s3_endpoint_url") ?? $"https://s3.{region}.amazonaws.com";
        return new LogTarget(new Uri(endpoint), vars["s3_bucket_name"], $"{vars["s3_aws_access_key_id"]}\n{vars["s3_aws_secret_access_key"]}");
    }

    /// <summary>The service account: its JSON itself, or the path of its file. A path, and the machine's own account, are for admins to use.</summary>
    private static string AccountOf(TeamCallback callback)
    {
        var account = callback.Vars.GetValueOrDefault("gcs_path_service_account", "");
        if (account.StartsWith('{')) return account;
        if (!callback.IsByAdmin) return Unusable;
        if (account.Length == 0) return "";

        try
        {
            return File.ReadAllText(account);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // The target is then parked, and its records are kept until somebody has mended it.
            return Unusable;
        }
    }

    private static void Copy(IReadOnlyDictionary<string, string> vars, Dictionary<string, string> options, string name, string option)
    {
        if (vars.GetValueOrDefault(name) is { Length: > 0 } value) options[option] = value;
    }
}
