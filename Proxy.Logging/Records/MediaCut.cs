using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Proxy.Logging.Records;

/// <summary>Puts a note with type, size and hash in the place of images and sounds that stand in prompts and answers as base64.</summary>
/// <remarks>It looks at strings of JSON as they stand, so nothing is parsed. Text without a blank for half a kilobyte is no prose.</remarks>
internal static class MediaCut
{
    private const int ShortestMedia = 512;
    private const int LongestPrefix = 200;

    // Of what is left of the shortest medium after the longest prefix, half: so wherever it stands, a whole step is within it.
    private const int Step = 128;

    private static readonly SearchValues<byte> Base64Bytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_="u8);

    private static readonly SearchValues<byte> StringEnds = SearchValues.Create("\"\\"u8);

    public static CompletionRecord Apply(CompletionRecord record)
    {
        var input = Apply(record.Input);
        var output = Apply(record.Output);
        return input.Equals(record.Input) && output.Equals(record.Output) ? record : record with { Input = input, Output = output };
    }

    public static ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> json)
    {
        if (json.Length < ShortestMedia || !MayHoldMedia(json.Span)) return json;

        ArrayBufferWriter<byte>? output = null;
        var text = json.Span;
        var copied = 0;
        var position = 0;
        while (FindString(text, ref position) is var (start, end) && end >= 0)
        {
            if (end - start < ShortestMedia || !IsMedia(text[start..end], out var type, out var payload)) continue;

            output ??= new(json.Length / 4);
            output.Write(text[copied..start]);
            output.Write(Encoding.UTF8.GetBytes(Describe(type, text.Slice(start + payload, end - start - payload))));
            copied = end;
        }

        if (output is null) return json;
        output.Write(text[copied..]);
        return output.WrittenMemory;
    }

    /// <summary>Looks at prose in steps, a few bytes of each. A medium fills at least one step, whatever stands before it in its string.</summary>
    private static bool MayHoldMedia(ReadOnlySpan<byte> text)
    {
        for (; text.Length >= Step; text = text[Step..])
        {
            if (text[..Step].IndexOfAnyExcept(Base64Bytes) < 0) return true;
        }

        return false;
    }

    /// <returns>Where the content of the next string begins and ends; an end below zero when there is none.</returns>
    private static (int Start, int End) FindString(ReadOnlySpan<byte> text, ref int position)
    {
        var quote = text[position..].IndexOf((byte)'"');
        if (quote < 0) return (0, -1);

        var start = position + quote + 1;
        var end = start;
        while (true)
        {
            var next = text[end..].IndexOfAny(StringEnds);
            if (next < 0) return (0, -1);

            end += next;
            if (text[end] == '"') break;
            end += 2;
            if (end >= text.Length) return (0, -1);
        }

        position = end + 1;
        return (start, end);
    }

    private static bool IsMedia(ReadOnlySpan<byte> text, out string type, out int payload)
    {
        type = "base64";
        payload = 0;
        if (text.StartsWith("data:"u8) && text[..Math.Min(text.Length, LongestPrefix)].IndexOf(";base64,"u8) is > 0 and var mark)
        {
            type = Encoding.UTF8.GetString(text["data:"u8.Length..mark]);
            payload = mark + ";base64,"u8.Length;
        }

        return text[payload..].IndexOfAnyExcept(Base64Bytes) < 0 && text[payload..].IndexOfAnyExcept(text[payload]) >= 0;
    }

    private static string Describe(string type, ReadOnlySpan<byte> base64)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Base64.GetMaxDecodedFromUtf8Length(base64.Length));
        try
        {
            var isDecoded = Base64.DecodeFromUtf8(base64, bytes, out _, out var length) == OperationStatus.Done;
            var hash = SHA256.HashData(isDecoded ? bytes.AsSpan(0, length) : base64);
            return $"<{type}, {(isDecoded ? length : base64.Length)} bytes, sha256 {Convert.ToHexStringLower(hash)}>";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
