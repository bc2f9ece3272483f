using System.Text.Encodings.Web;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Requests;
using Proxy.Host.Translation.Streams;
using Proxy.Management.Errors;

namespace Proxy.Host.Translation;

/// <summary>One attempt at a provider that speaks another API than the client: its terms, its body, and what could not be carried over.</summary>
internal sealed class TranslatedCall(ApiTranslation translation, CompletionRequest request, Deployment deployment, string upstreamModel) : IDisposable
{
    /// <summary>Text stays as the client wrote it; this is JSON, and never part of a page.</summary>
    public static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>A field that stands twice would be seen once here and again elsewhere.</summary>
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly List<PooledBytes> _rented = new(2);

    /// <summary>What the provider is asked for.</summary>
    public ApiOperation Sent { get; } = request.IsStream && translation.Sent.Streamed is { } streamed ? streamed : translation.Sent;

    public CompletionRequest Request => request;

    public Deployment Deployment => deployment;

    public string UpstreamModel => upstreamModel;

    /// <summary>The most that the model answers, where that is known.</summary>
    public long? MaxOutputTokens { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required Losses Losses { get; init; }

    /// <returns>The provider's body; null when the call cannot be carried over, and the losses say why.</returns>
    public OutgoingBody? WriteRequest()
    {
        var bytes = Rent(request.Body.Length);
        try
        {
            using var document = JsonDocument.Parse(request.Body, Strict);
            using (var json = new Utf8JsonWriter(bytes, Readable)) translation.WriteRequest(document.RootElement, json, this);
            if (Losses.Error is null && TranslatedBody.FindTwice(bytes.Written.Span) is { } twice)
                Losses.Refuse($"'{twice}' is what another field of the request becomes at this model's provider, which speaks {translation.Sent.Api.Name}. State one of them.", twice);
        }
        catch (JsonException)
        {
            // That it is JSON is known already.
            Losses.Refuse("A field stands twice in the same object of the request body, which cannot be carried over.", "request_body");
        }
        catch (InvalidOperationException)
        {
            Losses.Refuse("The request body holds text that is not valid UTF-8.", "request_body");
        }

        if (Losses.Error is not null) return null;

        var body = new OutgoingBody();
        body.Append(bytes.Written);
        return body;
    }

    /// <returns>The answer in the client's API; null when the provider's is none.</returns>
    public ReadOnlyMemory<byte>? WriteAnswer(ReadOnlyMemory<byte> answer, AnswerDigest digest)
    {
        var bytes = Rent(answer.Length);
        try
        {
            using var document = JsonDocument.Parse(answer);
            using (var json = new Utf8JsonWriter(bytes, Readable)) translation.WriteAnswer(document.RootElement, json, this, digest);
            return bytes.Written;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    public EventTranslator TranslateEvents(AnswerDigest digest) => translation.TranslateEvents(this, digest);

    /// <summary>The provider's refusal in the client's API: its own words, under the provider's type where it names one.</summary>
    public ReadOnlyMemory<byte> WriteRefusal(int status, ReadOnlyMemory<byte> answer, string message)
    {
        var (type, param) = ("upstream_error", (string?)null);
        try
        {
            using var document = JsonDocument.Parse(answer);
            var error = document.RootElement.Get("error"u8);
            type = error.Get("type"u8).Text ?? type;
            param = error.Get("param"u8).Text;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not every refusal is JSON; its status speaks then.
        }

        return translation.Asked.Api.ErrorBody(new ProxyError(status, type, message, param));
    }

    public void Dispose()
    {
        foreach (var bytes in _rented) bytes.Dispose();
    }

    private PooledBytes Rent(int length)
    {
        var bytes = new PooledBytes(length + 1024);
        _rented.Add(bytes);
        return bytes;
    }
}
