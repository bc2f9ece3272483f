using System.Buffers.Binary;
using System.Text;

namespace Proxy.Host.Providers.Bedrock;

/// <summary>The headers of one of Amazon's frames: what it is, and what went wrong.</summary>
internal readonly struct FrameHeaders
{
    private const int TextType = 7;
    private const int BytesType = 6;

    /// <summary>What values of the other types take, by the number of the type.</summary>
    private static ReadOnlySpan<byte> Lengths => [0, 0, 1, 2, 4, 8, 0, 0, 8, 16];

    public FrameHeaders(ReadOnlySpan<byte> bytes)
    {
        string? eventType = null, exceptionType = null, messageType = null, errorMessage = null;
        while (!bytes.IsEmpty)
        {
            var name = Encoding.UTF8.GetString(Take(ref bytes, Take(ref bytes, 1)[0]));
            var type = Take(ref bytes, 1)[0];
            if (type >= Lengths.Length) throw new InvalidDataException("A frame has a header of a type that is none.");

            var value = Take(ref bytes, type is TextType or BytesType ? BinaryPrimitives.ReadUInt16BigEndian(Take(ref bytes, 2)) : Lengths[type]);
            if (type != TextType) continue;

            if (name == ":event-type") eventType = Encoding.UTF8.GetString(value);
            else if (name == ":exception-type") exceptionType = Encoding.UTF8.GetString(value);
            else if (name == ":message-type") messageType = Encoding.UTF8.GetString(value);
            else if (name == ":error-message") errorMessage = Encoding.UTF8.GetString(value);
        }

        // The type of a message says which of the others counts.
        Name = (messageType switch { "exception" => exceptionType, "error" => "error", _ => eventType }) ?? "";
        ErrorMessage = messageType == "error" ? errorMessage ?? "" : null;
        if (Name.Length == 0 || !Name.All(char.IsAsciiLetter)) throw new InvalidDataException("A frame does not say what it is.");
    }

    /// <summary>The kind of the event or of the exception; <c>error</c> for an error without a kind.</summary>
    public string Name { get; }

    /// <summary>The sentence of an error that has no content; null for all else.</summary>
    public string? ErrorMessage { get; }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        if (count > bytes.Length) throw new InvalidDataException("The headers of a frame are cut.");

        var taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }
}
