namespace Proxy.Host.Configuration;

/// <summary>Where a credential is kept: <c>env:NAME</c>, <c>file:PATH</c>, or, discouraged, the value itself.</summary>
internal static class CredentialReference
{
    private const string EnvironmentPrefix = "env:";
    private const string FilePrefix = "file:";

    public static bool IsLiteral(string reference) =>
        !reference.StartsWith(EnvironmentPrefix, StringComparison.Ordinal) && !reference.StartsWith(FilePrefix, StringComparison.Ordinal);

    /// <summary>The credential, or a fault that names the reference and never the value.</summary>
    public static bool TryResolve(string reference, out string value, out string fault)
    {
        value = "";
        fault = "";
        if (reference.StartsWith(EnvironmentPrefix, StringComparison.Ordinal))
        {
            value = Environment.GetEnvironmentVariable(reference[EnvironmentPrefix.Length..])?.Trim() ?? "";
            if (value.Length == 0) fault = $"the environment variable '{reference[EnvironmentPrefix.Length..]}' is not set";
        }
        else if (reference.StartsWith(FilePrefix, StringComparison.Ordinal))
        {
            fault = ReadFile(reference[FilePrefix.Length..], out value);
        }
        else
        {
            value = reference.Trim();
            if (value.Length == 0) fault = "it is empty";
        }

        // A line break inside would end the header that carries it.
        if (fault.Length == 0 && value.Any(char.IsControl)) fault = "it holds a control character";
        return fault.Length == 0;
    }

    private static string ReadFile(string path, out string value)
    {
        value = "";
        try
        {
            value = File.ReadAllText(path).Trim();
            return value.Length == 0 ? $"the file '{path}' is empty" : "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return $"the file '{path}' cannot be read";
        }
    }
}
