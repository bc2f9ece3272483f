using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.Anthropic;

/// <summary>One block of a streamed answer as it grows: text, thinking, or the use of a tool.</summary>
internal sealed class StreamedBlock(int index, AnswerDigest digest) : IDisposable
{
    private readonly Utf8Text _text = new(digest);
    public int Index => index;

    public string Type { get; set; } = "text";

    public string? Id { get; set; }

    public string? Name { get; set; }

    public long TotalBytes => _text.Total;

    /// <summary>The <c>index</c> of the object that the reader stands on; -1 when it has none.</summary>
    public static int IndexOf(Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIndex = reader.ValueTextEquals("index"u8);
            reader.Read();
            if (isIndex && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var index)) return index;
            reader.Skip();
        }

        return -1;
    }

    public void ReadStart(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8)) Type = ProviderJson.Text(ref reader) ?? Type;
            else if (reader.ValueTextEquals("id"u8)) Id = ProviderJson.Text(ref reader);
            else if (reader.ValueTextEquals("name"u8)) Name = ProviderJson.Text(ref reader);
            else if (reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("thinking"u8)) JsonPiece.Append(_text, ref reader);
            else ProviderJson.Next(ref reader);
        }
    }

    public void ReadPiece(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("thinking"u8) || reader.ValueTextEquals("partial_json"u8)) JsonPiece.Append(_text, ref reader);
        else ProviderJson.Next(ref reader);
    }

    /// <summary>A piece as it stands between the quotes of its JSON.</summary>
    public void Append(ReadOnlySpan<byte> piece) => _text.Append(piece);

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, Type);
        if (Id is not null) json.WriteString("id"u8, Id);
        if (Name is not null) json.WriteString("name"u8, Name);

        // A tool's input came as the text of its JSON, and stays text: it may be cut.
        json.WritePropertyName(Type is "text" or "thinking" ? Type : "input");
        JsonPiece.Write(json, _text);
        json.WriteEndObject();
    }

    public void Dispose() => _text.Dispose();
}
