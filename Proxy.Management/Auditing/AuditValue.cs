using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Proxy.Management.Auditing;

/// <summary>What an entry holds of a row: as the API shows it, without a credential, encrypted or not.</summary>
internal static class AuditValue
{
    private const string Mask = "***";
    private const string CredentialsField = "credentials";

    private static readonly string[] Encrypted = ["callbacks", "params"];

    private static readonly string[] SecretWords = ["secret", "password", "api_key", "apikey", "private_key", "credential", "authorization", "access_token"];

    /// <param name="shape">As the API shows it; null where it cannot, as what nobody can decrypt.</param>
    /// <param name="row">The columns; null when there is no row.</param>
    public static string? Show(JsonObject? shape, IDictionary<string, object?>? row)
    {
        if (row is null) return null;

        var shown = shape ?? [];
        Hide(shown);
        foreach (var column in Encrypted)
        {
            if (row.TryGetValue(column, out var value) && value is string sealedText) shown[CredentialsField] = Fingerprint(sealedText);
        }

        return shown.ToJsonString();
    }

    /// <summary>Of the encrypted text: it says that a credential was changed, and nothing of it.</summary>
    private static string Fingerprint(string sealedText) => $"{Mask} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sealedText)))[..8]}";

    private static void Hide(JsonNode? node)
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
    }
}
