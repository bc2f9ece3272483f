using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.Storage;

namespace Proxy.Management.Auditing;

/// <summary>A row as the audit shows it: without a credential, encrypted or not.</summary>
internal static class AuditValue
{
    private const string Mask = "***";

    private static readonly string[] Encrypted = ["callbacks", "params"];

    private static readonly string[] Nested = ["metadata", "details", "models", "info"];

    private static readonly string[] Money = ["spend", "max_budget", "soft_budget"];

    private static readonly string[] SecretWords = ["secret", "password", "api_key", "apikey", "private_key", "credential", "authorization", "access_token"];

    public static string? Show(IDictionary<string, object?>? row)
    {
        if (row is null) return null;

        var shown = new JsonObject();
        foreach (var (column, value) in row) shown[column] = Show(column, value);
        return shown.ToJsonString();
    }

    private static JsonNode? Show(string column, object? value) => value switch
    {
        null => null,
        string sealedText when Encrypted.Contains(column) => Fingerprint(sealedText),
        byte[] hash => Convert.ToHexStringLower(hash),
        string text when Nested.Contains(column) => Hide(Parse(text)),
        string text => text,
        _ when Money.Contains(column) => JsonValue.Create(Columns.ToDollars(Convert.ToInt64(value, null))),
        _ when column.EndsWith("_at", StringComparison.Ordinal) => JsonValue.Create(Columns.ToMoment(Convert.ToInt64(value, null))),
        _ => JsonValue.Create(Convert.ToInt64(value, null)),
    };

    /// <summary>Of the encrypted text: it says that a credential was changed, and nothing of it.</summary>
    private static string Fingerprint(string sealedText) => $"{Mask} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sealedText)))[..8]}";

    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private static JsonNode? Hide(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list) Hide(item);
        }
        else if (node is JsonObject fields)
        {
            foreach (var (name, value) in fields.ToList())
            {
                if (value is JsonValue && SecretWords.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase))) fields[name] = Mask;
                else Hide(value);
            }
        }

        return node;
    }
}
