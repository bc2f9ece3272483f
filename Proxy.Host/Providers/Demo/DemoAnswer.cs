using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Proxy.Host.Providers.Demo;

/// <summary>What the demo provider says: that it is a demo, and what it heard, in the shapes of OpenAI's API.</summary>
internal static class DemoAnswer
{
    private const int MaxEcho = 200;
    private const int BytesPerToken = 4;
    private const int Dimensions = 8;
    private const string Id = "demo-1";

    /// <summary>An apostrophe stays one: this is read in a terminal, not in a page.</summary>
    private static readonly JsonWriterOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(string path, DemoRequest asked)
    {
        if (path.EndsWith("/embeddings", StringComparison.Ordinal)) return Json(json => WriteEmbeddings(json, asked));

        var isChat = path.EndsWith("/chat/completions", StringComparison.Ordinal);
        var heard = asked.LastWords.Length > MaxEcho ? asked.LastWords[..MaxEcho] + "…" : asked.LastWords;
        var words = $"This is the gateway's demo model, no real one. You said: {heard}";
        return asked.IsStream ? WriteStream(asked, isChat, words) : Json(json => WriteCompletion(json, asked, isChat, words));
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Readable)) write(json);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteCompletion(Utf8JsonWriter json, DemoRequest asked, bool isChat, string words)
    {
        WriteHead(json, asked, isChat ? "chat.completion" : "text_completion");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        if (isChat)
        {
            json.WriteStartObject("message");
            json.WriteString("role", "assistant");
            json.WriteString("content", words);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("text", words);
        }

        json.WriteString("finish_reason", "stop");
        json.WriteEndObject();
        json.WriteEndArray();
        WriteUsage(json, asked, words);
        json.WriteEndObject();
    }

    private static byte[] WriteStream(DemoRequest asked, bool isChat, string words)
    {
        using var stream = new MemoryStream();
        void Send(ReadOnlySpan<byte> data)
        {
            stream.Write("data: "u8);
            stream.Write(data);
            stream.Write("\n\n"u8);
        }

        var pieces = words.Split(' ');
        for (var index = 0; index <= pieces.Length; index++)
        {
            var isLast = index == pieces.Length;
            var piece = isLast ? "" : index == 0 ? pieces[0] : " " + pieces[index];
            var isFirst = index == 0;
            Send(Json(json => WriteChunk(json, asked, isChat, piece, isFirst, isLast)));
        }

        if (asked.WantsUsage) Send(Json(json => WriteUsageChunk(json, asked, isChat, words)));
        Send("[DONE]"u8);
        return stream.ToArray();
    }

    private static void WriteChunk(Utf8JsonWriter json, DemoRequest asked, bool isChat, string piece, bool isFirst, bool isLast)
    {
        WriteHead(json, asked, isChat ? "chat.completion.chunk" : "text_completion");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        if (isChat)
        {
            json.WriteStartObject("delta");
            if (isFirst) json.WriteString("role", "assistant");
            if (!isLast) json.WriteString("content", piece);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("text", piece);
        }

        if (isLast) json.WriteString("finish_reason", "stop");
        else json.WriteNull("finish_reason");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteUsageChunk(Utf8JsonWriter json, DemoRequest asked, bool isChat, string words)
    {
        WriteHead(json, asked, isChat ? "chat.completion.chunk" : "text_completion");
        json.WriteStartArray("choices");
        json.WriteEndArray();
        WriteUsage(json, asked, words);
        json.WriteEndObject();
    }

    private static void WriteEmbeddings(Utf8JsonWriter json, DemoRequest asked)
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteString("model", asked.Model);
        json.WriteStartArray("data");
        for (var index = 0; index < asked.Inputs; index++)
        {
            json.WriteStartObject();
            json.WriteString("object", "embedding");
            json.WriteNumber("index", index);
            json.WriteStartArray("embedding");
            for (var dimension = 0; dimension < Dimensions; dimension++) json.WriteNumberValue((index + dimension) % 2 == 0 ? 0.5 : -0.5);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteUsage(json, asked, words: "");
        json.WriteEndObject();
    }

    private static void WriteHead(Utf8JsonWriter json, DemoRequest asked, string kind)
    {
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteString("object", kind);
        json.WriteNumber("created", 0);
        json.WriteString("model", asked.Model);
        json.WriteString("system_fingerprint", "demo");
    }

    private static void WriteUsage(Utf8JsonWriter json, DemoRequest asked, string words)
    {
        var prompt = 1 + (asked.InputBytes / BytesPerToken);
        var completion = (Encoding.UTF8.GetByteCount(words) + BytesPerToken - 1) / BytesPerToken;
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", prompt);
        if (words.Length > 0) json.WriteNumber("completion_tokens", completion);
        json.WriteNumber("total_tokens", prompt + completion);
        json.WriteEndObject();
    }
}
