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
            if (error.Scope is { } scope) WriteScope(json, scope);
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
        SetHeaders(response, error);

        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>What an error says in headers, whatever API its body is written in.</summary>
    public static void SetHeaders(HttpResponse response, ProxyError error)
    {
        if (error.RetryAfterSeconds is { } seconds) response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (error.Scope is { RateLimitType: { } type }) response.Headers["rate_limit_type"] = type;
        if (error.Scope?.ResetAt is { } reset) response.Headers["reset_at"] = Format(reset);
    }

    private static void WriteScope(Utf8JsonWriter json, ErrorScope scope)
    {
        json.WriteString("scope"u8, scope.Scope);
        json.WriteString("id"u8, scope.Id);
        json.WriteNumber("limit"u8, scope.Limit);
        if (scope.Spend is { } spend) json.WriteNumber("spend"u8, spend);
        if (scope.RateLimitType is { } type) json.WriteString("rate_limit_type"u8, type);
        if (scope.ResetAt is { } reset) json.WriteString("reset_at"u8, Format(reset));
        else json.WriteNull("reset_at"u8);
    }

    private static string Format(DateTimeOffset moment) => moment.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
