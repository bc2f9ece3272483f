using Proxy.Management.Storage;

namespace Proxy.Host.Configuration;

/// <summary>Which database is meant, with what the environment and files say about it.</summary>
internal static class DatabaseReference
{
    private const string DefaultDataFolder = "data";

    /// <summary>The setting and the password as they are used.</summary>
    public static (string Database, string? Password) Resolve(ManagementOptions options)
    {
        var database = options.Database;
        if (!CredentialReference.IsLiteral(database) && CredentialReference.TryResolve(database, out var setting, out _)) database = setting;
        return (database, options.DatabasePassword is { } reference && CredentialReference.TryResolve(reference, out var password, out _) ? password : null);
    }

    public static string DataFolderOf(ManagementOptions options, string database)
    {
        if (!string.IsNullOrWhiteSpace(options.DataFolder)) return Path.GetFullPath(options.DataFolder);

        using var opened = new Database(database);
        return opened.Path is { } file ? Path.GetDirectoryName(file)! : Path.GetFullPath(DefaultDataFolder);
    }

    public static void Check(ManagementOptions options, List<string> faults, List<string> warnings)
    {
        if (!CredentialReference.IsLiteral(options.Database) && !CredentialReference.TryResolve(options.Database, out _, out var fault))
        {
            faults.Add($"{ManagementOptions.Section}:Database cannot be read: {fault}.");
            return;
        }

        if (options.DatabasePassword is { } password)
        {
            if (!CredentialReference.TryResolve(password, out _, out var missing)) faults.Add($"{ManagementOptions.Section}:DatabasePassword cannot be read: {missing}.");
            else if (CredentialReference.IsLiteral(password)) warnings.Add($"{ManagementOptions.Section}:DatabasePassword stands in the file itself; env:NAME or file:PATH keeps it out.");
        }

        try
        {
            using var database = new Database(Resolve(options).Database);
        }
        catch (ArgumentException exception)
        {
            faults.Add(exception.Message);
        }
    }
}
