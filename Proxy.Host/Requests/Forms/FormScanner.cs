using System.Text;
using Microsoft.Net.Http.Headers;

namespace Proxy.Host.Requests.Forms;

/// <summary>Finds the parts of a form, and refuses every form that two servers might divide in two ways.</summary>
internal static class FormScanner
{
    private const int MaxParts = 256;
    private const int MaxHead = 8 * 1024;
    private const int MaxName = 128;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <returns>What is wrong with it, or null.</returns>
    public static string? Scan(ReadOnlySpan<byte> body, ReadOnlySpan<byte> boundary, List<FormPart> parts)
    {
        if (!body.StartsWith(boundary)) return "it does not begin with its boundary";

        Span<byte> delimiter = stackalloc byte[boundary.Length + 2];
        "\r\n"u8.CopyTo(delimiter);
        boundary.CopyTo(delimiter[2..]);
        var start = 0;
        while (true)
        {
            var head = start + boundary.Length;
            if (body[head..].StartsWith("--"u8)) return IsEnd(body[(head + 2)..]) ? null : "something follows its end";
            if (!body[head..].StartsWith("\r\n"u8)) return "a boundary is not a line of its own";
            if (parts.Count == MaxParts) return $"it has more than {MaxParts} parts";

            head += 2;
            var headLength = body.Slice(head, Math.Min(MaxHead, body.Length - head)).IndexOf("\r\n\r\n"u8);
            if (headLength < 0) return "a part has no head, or a very long one";

            var valueStart = head + headLength + 4;
            var length = body[valueStart..].IndexOf(delimiter);

            // Such a part has no value at all for some servers, and one that holds the next part for others.
            if (length < 0 || body[valueStart..].StartsWith(boundary)) return "a part does not end";
            if (Name(body.Slice(head, headLength), out var fileName) is not { } name) return "a part does not say its name plainly";

            parts.Add(new FormPart(FieldKind.Parameter, name, fileName, start, valueStart, valueStart + length));
            start = valueStart + length + 2;
        }
    }

    private static bool IsEnd(ReadOnlySpan<byte> rest) => rest.IsEmpty || rest.SequenceEqual("\r\n"u8);

    /// <returns>Null when the head leaves a choice of names, or says that the value is not what it looks like.</returns>
    private static string? Name(ReadOnlySpan<byte> head, out string? fileName)
    {
        fileName = null;
        string? text;
        try
        {
            text = Strict.GetString(head);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        string? name = null;
        foreach (var line in text.Split("\r\n"))
        {
            var colon = line.IndexOf(':');
            if (colon <= 0 || char.IsWhiteSpace(line[0]) || char.IsWhiteSpace(line[colon - 1]) || line.Any(char.IsControl)) return null;
            if (line.StartsWith("Content-Transfer-Encoding:", StringComparison.OrdinalIgnoreCase) && !IsPlain(line[(colon + 1)..].Trim())) return null;
            if (!line.StartsWith("Content-Disposition:", StringComparison.OrdinalIgnoreCase)) continue;
            if (name is not null) return null;

            name = NameOf(line[(colon + 1)..].Trim(), out fileName);
            if (name is null) return null;
        }

        return name;
    }

    private static bool IsPlain(string encoding) => encoding.ToLowerInvariant() is "binary" or "8bit" or "7bit";

    private static string? NameOf(string disposition, out string? fileName)
    {
        fileName = null;
        if (disposition.Contains('\\') || !ContentDispositionHeaderValue.TryParse(disposition, out var parsed) || parsed.DispositionType != "form-data") return null;

        var named = parsed.Parameters.Where(parameter => parameter.Name.StartsWith("name", StringComparison.OrdinalIgnoreCase)).ToList();
        if (named.Count != 1 || named[0].Name.Length != "name".Length) return null;

        var isFile = parsed.Parameters.Any(parameter => parameter.Name.StartsWith("filename", StringComparison.OrdinalIgnoreCase));
        fileName = isFile ? HeaderUtilities.RemoveQuotes(parsed.FileName).ToString() : null;
        var name = HeaderUtilities.RemoveQuotes(named[0].Value).ToString();
        return name.Length is > 0 and <= MaxName && name.All(letter => letter is > ' ' and <= '~' and not '%' and not '"') ? name : null;
    }
}
