using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.Anthropic;

/// <summary>One block of a streamed answer as it grows: text, thinking, or the use of a tool.</summary>
internal sealed class StreamedBlock(int index, AnswerDigest digest) : IDisposable
{
    private readonly Utf8Text _text = new(digest);
    private string _type = "text";
    private string? _id;
    private string? _name;

    public int Index => index;

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
            if (reader.ValueTextEquals("type"u8)) _type = ProviderJson.Text(ref reader) ?? _type;
            else if (reader.ValueTextEquals("id"u8)) _id = ProviderJson.Text(ref reader);
            else if (reader.ValueTextEquals("name"u8)) _name = ProviderJson.Text(ref reader);
            else if (reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("thinking"u8)) JsonPiece.Append(_text, ref reader);
            else ProviderJson.Next(ref reader);
        }
    }

    public void ReadPiece(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("thinking"u8) || reader.ValueTextEquals("partial_json"u8)) JsonPiece.Append(_text, ref reader);
        else ProviderJson.Next(ref reader);
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, _type);
        if (_id is not null) json.WriteString("id"u8, _id);
        if (_name is not null) json.WriteString("name"u8, _name);

        // A tool's input came as the text of its JSON, and stays text: it may be cut.
        json.WritePropertyName(_type is "text" or "thinking" ? _type : "input");
        JsonPiece.Write(json, _text);
        json.WriteEndObject();
    }

    public void Dispose() => _text.Dispose();
}
