using Proxy.Host.Recording;
using Proxy.Logging.Records;
using Proxy.Management.Callbacks;

namespace Proxy.Host.Configuration;

/// <summary>Reads the log targets of everybody, and what holds for all of them. Credentials are references.</summary>
internal static class CompletionLogReader
{
    private const string TargetsKey = "Targets";
    private const string RedactKey = "RedactMessages";
    private const string IgnoreNoLogKey = "IgnoreNoLog";
    private const string DefaultTagsKey = "DefaultTags";

    private static readonly string[] OwnKeys = [TargetsKey, RedactKey, IgnoreNoLogKey, DefaultTagsKey];
    private static readonly string[] TargetKeys = ["Callback", "Type", "Vars"];
    private static readonly string[] KnownCallbacks = [.. CallbackNeeds.Names, LogKinds.JsonLines];

    /// <summary>The section without what is read here.</summary>
    public static IConfigurationSection WithoutTargets(IConfigurationSection section) => new ConfigurationBuilder()
        .AddInMemoryCollection(section.AsEnumerable().Where(entry => !OwnKeys.Any(key => IsWithin(entry.Key, $"{section.Path}:{key}"))))
        .Build()
        .GetSection(section.Path);

    public static GlobalLogging Read(IConfigurationSection section, List<string> faults)
    {
        var callbacks = section.GetSection(TargetsKey).GetChildren().Select(target => ReadTarget(target, faults)).OfType<TeamCallback>().ToList();
        return new GlobalLogging(callbacks, Flag(section, RedactKey, faults), Flag(section, IgnoreNoLogKey, faults), LogPolicy.SplitOf(section[DefaultTagsKey]));
    }

    private static TeamCallback? ReadTarget(IConfigurationSection target, List<string> faults)
    {
        SectionReader.ReportUnknown(target, TargetKeys, faults);
        var name = target["Callback"] ?? LogKinds.Langfuse;
        var vars = new Dictionary<string, string>();
        foreach (var variable in target.GetSection("Vars").GetChildren())
        {
            var text = variable.Value ?? "";
            if (CredentialReference.IsLiteral(text)) vars[variable.Key] = text;
            else if (CredentialReference.TryResolve(text, out var value, out var fault)) vars[variable.Key] = value;
            else faults.Add($"{variable.Path} cannot be read: {fault}.");
        }

        CallbackType? type = (target["Type"] ?? "success_and_failure") switch
        {
            "success" => CallbackType.Success,
            "failure" => CallbackType.Failure,
            "success_and_failure" => CallbackType.SuccessAndFailure,
            _ => null,
        };
        if (type is null) faults.Add($"{target.Path}:Type is '{target["Type"]}', not 'success', 'failure' or 'success_and_failure'.");
        if (!KnownCallbacks.Contains(name)) faults.Add($"{target.Path}:Callback is '{name}'; known are {string.Join(", ", KnownCallbacks)}.");
        else if (FindFault(name, vars) is { } needed) faults.Add($"{target.Path}: {needed}");
        else if (type is { } known) return new TeamCallback(name, known, CallbackNeeds.WithAbsoluteUrls(vars)) { IsByAdmin = true };

        return null;
    }

    /// <remarks>A file of this machine is for its operator to name, so the API does not know it.</remarks>
    private static string? FindFault(string name, Dictionary<string, string> vars) =>
        name == LogKinds.JsonLines && string.IsNullOrWhiteSpace(vars.GetValueOrDefault("jsonl_path")) ? "The callback 'jsonl' needs the variable 'jsonl_path'." : CallbackNeeds.FindFault(name, vars);

    private static bool Flag(IConfigurationSection section, string key, List<string> faults)
    {
        if (section[key] is not { } text) return false;
        if (LogPolicy.FlagOf(text) is { } flag) return flag;

        faults.Add($"{section.Path}:{key} is '{text}', not true or false.");
        return false;
    }

    private static bool IsWithin(string path, string key) =>
        path.Equals(key, StringComparison.OrdinalIgnoreCase) || path.StartsWith(key + ":", StringComparison.OrdinalIgnoreCase);
}
