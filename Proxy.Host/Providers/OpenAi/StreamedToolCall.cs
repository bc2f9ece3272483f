using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.OpenAi;

/// <summary>One tool call of a streamed answer: its name comes once, its arguments in pieces.</summary>
internal sealed class StreamedToolCall(int index, AnswerDigest digest)
{
    private string? _id;
    private string? _name;

    public int Index => index;

    public Utf8Text Arguments { get; } = new(digest);

    public void Read(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8)) _id = ProviderJson.Text(ref reader) ?? _id;
            else if (reader.ValueTextEquals("function"u8)) ReadFunction(ref reader);
            else ProviderJson.Next(ref reader);
        }
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, _id);
        json.WriteString("type"u8, "function"u8);
        json.WritePropertyName("function"u8);
        WriteFunction(json);
        json.WriteEndObject();
    }

    public void WriteFunction(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, _name);
        json.WritePropertyName("arguments"u8);
        JsonPiece.Write(json, Arguments);
        json.WriteEndObject();
    }

    /// <summary>The reader stands before the function's object.</summary>
    public void ReadFunction(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8)) _name = ProviderJson.Text(ref reader) ?? _name;
            else if (reader.ValueTextEquals("arguments"u8)) JsonPiece.Append(Arguments, ref reader);
            else ProviderJson.Next(ref reader);
        }
    }
}
