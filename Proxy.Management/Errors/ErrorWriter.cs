using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Proxy.Management.Errors;

/// <summary>The only place that turns a <see cref="ProxyError"/> into bytes: <c>{"error": {"message", "type", "param", "code"}}</c>.</summary>
public static class ErrorWriter
{
    /// <summary>A quote in a sentence is escaped as one: this is JSON, and never part of a page.</summary>
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The envelope as UTF-8 JSON.</summary>
    public static ReadOnlyMemory<byte> Envelope(ProxyError error)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteStartObject("error"u8);
            json.WriteString("message"u8, error.Message);
            json.WriteString("type"u8, error.Type);
            json.WriteString("param"u8, error.Param);
            json.WriteString("code"u8, error.Status.ToString(CultureInfo.InvariantCulture));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>Answers with the error. The answer must not have started.</summary>
    public static async Task WriteAsync(HttpContext context, ProxyError error)
    {
        var body = Envelope(error);
        var response = context.Response;

        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        if (error.RetryAfterSeconds is { } seconds) response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);

        await response.Body.WriteAsync(body, context.RequestAborted);
    }
}
