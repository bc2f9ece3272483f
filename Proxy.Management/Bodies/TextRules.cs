using System.Text.Json;

namespace Proxy.Management.Bodies;

/// <summary>What no text may hold that is kept: PostgreSQL takes no NUL, and lines are logged one by one.</summary>
internal static class TextRules
{
    /// <returns>What is wrong with the text, or null.</returns>
    public static string? FindFault(string name, string text, int maxLength)
    {
        if (text.Length > maxLength) return $"'{name}' must not be longer than {maxLength} characters.";

        foreach (var character in text)
        {
            if (char.IsControl(character)) return $"'{name}' must not hold control characters.";
        }

        return null;
    }

    /// <summary>Without control characters and ends of lines; so that no text can end the header, or the line, in which it stands.</summary>
    public static string OneLine(string text) => string.Concat(text.Select(character => char.IsControl(character) || character is '\u2028' or '\u2029' ? ' ' : character));

    public static bool HasNul(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString()!.Contains('\0'),
        JsonValueKind.Array => element.EnumerateArray().Any(HasNul),
        JsonValueKind.Object => element.EnumerateObject().Any(property => property.Name.Contains('\0') || HasNul(property.Value)),
        _ => false,
    };
}
