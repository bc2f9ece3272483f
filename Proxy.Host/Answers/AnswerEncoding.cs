using System.IO.Compression;
using Proxy.Host.Providers.Bedrock;

namespace Proxy.Host.Answers;

/// <summary>Opens answers that come in frames, and compressed ones. None of the latter was asked for, since a compressed stream could neither be read nor ended here, but some providers compress anyway.</summary>
internal static class AnswerEncoding
{
    /// <summary>Each layer holds some 50 KB, and a head has room for thousands.</summary>
    private const int MaxLayers = 2;

    /// <returns>Null when the encoding is one that cannot be opened.</returns>
    public static async ValueTask<Stream?> OpenAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        if (answer.Content.Headers.ContentType?.MediaType == FramedEvents.MediaType) return new FramedEvents(body);
        if (!answer.Content.Headers.NonValidated.Contains("Content-Encoding")) return body;

        if (answer.Content.Headers.ContentEncoding.Count > MaxLayers)
        {
            await body.DisposeAsync();
            return null;
        }

        foreach (var encoding in answer.Content.Headers.ContentEncoding.Reverse())
        {
            switch (encoding.ToLowerInvariant())
            {
                case "gzip" or "x-gzip": body = new GZipStream(body, CompressionMode.Decompress); break;
                case "deflate": body = new ZLibStream(body, CompressionMode.Decompress); break;
                case "br": body = new BrotliStream(body, CompressionMode.Decompress); break;
                case "identity" or "": break;
                default:
                    await body.DisposeAsync();
                    return null;
            }
        }

        return body;
    }
}
