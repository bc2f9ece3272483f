using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Proxy.Host.Failover;

namespace Proxy.Host.Resources;

/// <summary>A file on its way from the client to the provider: passed on as it comes, and held nowhere.</summary>
internal sealed class UploadContent : HttpContent
{
    private const int PieceSize = 64 * 1024;

    private readonly HttpRequest _request;
    private readonly long _limit;
    private readonly AttemptTimer _timer;

    public UploadContent(HttpRequest request, long limit, AttemptTimer timer)
    {
        (_request, _limit, _timer) = (request, limit, timer);
        Headers.ContentType = MediaTypeHeaderValue.Parse(request.ContentType!);
    }

    /// <summary>True when the client sent more than is passed on.</summary>
    public bool IsTooLarge { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            long sent = 0;
            while (await _request.Body.ReadAsync(piece.AsMemory(0, PieceSize), cancellationToken) is > 0 and var read)
            {
                sent += read;
                IsTooLarge = sent > _limit;
                if (IsTooLarge) throw new IOException("The file is larger than is passed on.");

                // A large file takes its time, and is no silence of the provider's.
                _timer.Restart();
                await stream.WriteAsync(piece.AsMemory(0, read), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _request.ContentLength ?? 0;
        return _request.ContentLength is not null;
    }
}
