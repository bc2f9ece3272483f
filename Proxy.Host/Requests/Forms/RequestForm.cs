using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Proxy.Host.Requests.Forms;

/// <summary>The parts of a form, as the ledger and the log need them. They lie in the body of the request.</summary>
internal sealed class RequestForm(ReadOnlyMemory<byte> body, FormBoundary boundary, IReadOnlyList<FormPart> parts)
{
    /// <summary>Speech that is stored sparingly: what its length is estimated by where the file does not say it.</summary>
    private const int UsualBytesPerSecond = 4000;

    /// <summary>Speech that is stored as sparingly as codecs for telephones do: what a bound of its length goes by.</summary>
    private const int FewestBytesPerSecond = 500;

    /// <summary>What a picture counts for in an estimate.</summary>
    private const int BytesPerPicture = 4096;
    private const int FormatInWave = 20;
    private const int ChannelsInWave = 22;
    private const int SamplesInWave = 24;
    private const int BitsInWave = 34;

    /// <summary>Formats of a wave whose samples are stored as they are.</summary>
    private const int Whole = 1;
    private const int Fractions = 3;

    public FormBoundary Boundary => boundary;

    public IReadOnlyList<FormPart> Parts => parts;

    public ReadOnlySpan<byte> ValueOf(in FormPart part) => body.Span[part.ValueStart..part.ValueEnd];

    /// <summary>The seconds of all recordings, more or less: exact where the file is a plain wave.</summary>
    public decimal HeardSeconds { get; } = SecondsOf(body, parts, UsualBytesPerSecond);

    /// <summary>The most that all recordings last, however sparingly their speech is stored: what is held goes by it, since the client chooses the codec.</summary>
    public decimal MostHeardSeconds { get; } = SecondsOf(body, parts, FewestBytesPerSecond);

    /// <summary>Bytes of text that is asked, and what pictures count for.</summary>
    public long InputBytes
    {
        get
        {
            long bytes = 0;
            foreach (var part in parts)
            {
                if (part.Kind == FieldKind.Input && part.FileName is null) bytes += part.Length;
                else if (part.FileName is not null && part.Name != "file") bytes += BytesPerPicture;
            }

            return bytes;
        }
    }

    /// <summary>The text of a part; null when there is none.</summary>
    public string? FindText(string name)
    {
        foreach (var part in parts)
        {
            if (part.Name == name && part.FileName is null) return Encoding.UTF8.GetString(ValueOf(part));
        }

        return null;
    }

    /// <summary>The parts of the kind as a JSON object; of files their names and their sizes, and not what is in them.</summary>
    public ReadOnlyMemory<byte> Subset(FieldKind kind)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var named in parts.Where(part => part.Kind == kind || kind == FieldKind.Parameter && part.Kind == FieldKind.Stream).GroupBy(part => part.Name))
            {
                json.WritePropertyName(named.Key);
                var all = named.ToList();
                if (all.Count > 1) json.WriteStartArray();
                foreach (var part in all) Write(json, part);
                if (all.Count > 1) json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private void Write(Utf8JsonWriter json, in FormPart part)
    {
        if (part.FileName is null)
        {
            json.WriteStringValue(Encoding.UTF8.GetString(ValueOf(part)));
            return;
        }

        json.WriteStartObject();
        json.WriteString("filename"u8, part.FileName);
        json.WriteNumber("bytes"u8, part.Length);
        json.WriteEndObject();
    }

    private static decimal SecondsOf(ReadOnlyMemory<byte> body, IReadOnlyList<FormPart> parts, int bytesPerSecond) => parts
        .Where(part => part is { FileName: not null, Name: "file" })
        .Sum(part => part.Length / (RateOfWave(body.Span[part.ValueStart..part.ValueEnd]) ?? bytesPerSecond));

    /// <remarks>By what a decoder goes by too. The rate in bytes, which no decoder needs, is whatever the client wrote; and a compressed wave is no plain one.</remarks>
    /// <returns>Bytes per second; null when the file is no plain wave.</returns>
    private static decimal? RateOfWave(ReadOnlySpan<byte> file)
    {
        if (file.Length <= BitsInWave + 2 || !file.StartsWith("RIFF"u8) || !file[8..].StartsWith("WAVEfmt "u8)) return null;

        var format = BinaryPrimitives.ReadUInt16LittleEndian(file[FormatInWave..]);
        var channels = BinaryPrimitives.ReadUInt16LittleEndian(file[ChannelsInWave..]);
        var samples = BinaryPrimitives.ReadUInt32LittleEndian(file[SamplesInWave..]);
        var bits = BinaryPrimitives.ReadUInt16LittleEndian(file[BitsInWave..]);
        var isPlain = format is Whole or Fractions && channels is >= 1 and <= 8 && samples is >= 1000 and <= 192_000 && (bits is 8 or 16 or 24 or 32);
        return isPlain ? (decimal)channels * samples * bits / 8 : null;
    }
}
