using System.Buffers;
using Proxy.Management.Errors;

namespace Proxy.Host.Requests;

/// <summary>Reads a body once and whole, up to a limit.</summary>
internal static class RequestBodyReader
{
    private const int FirstRent = 16 * 1024;

    public static async ValueTask<(RequestBody? Body, ProxyError? Error)> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit) return (null, TooLarge(limit));

        var rented = ArrayPool<byte>.Shared.Rent((int)(request.ContentLength ?? FirstRent));
        var length = 0;
        try
        {
            var reader = request.BodyReader;
            while (true)
            {
                var result = await reader.ReadAsync(cancellationToken);
                var arrived = result.Buffer;
                if (length + arrived.Length > limit)
                {
                    reader.AdvanceTo(arrived.End);
                    return (null, TooLarge(limit));
                }

                rented = Grown(rented, length, checked(length + (int)arrived.Length));
                arrived.CopyTo(rented.AsSpan(length));
                length += (int)arrived.Length;
                reader.AdvanceTo(arrived.End);
                if (!result.IsCompleted) continue;

                var body = new RequestBody(rented, length);
                rented = null;
                return (body, null);
            }
        }
        catch (BadHttpRequestException exception)
        {
            // Kestrel's own refusals: a body that comes too slowly, broken chunks, a length that was not kept.
            return (null, new ProxyError(exception.StatusCode, ProxyError.InvalidRequest, "The request body did not arrive whole."));
        }
        finally
        {
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static byte[] Grown(byte[] rented, int used, int needed)
    {
        if (needed <= rented.Length) return rented;

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, (int)Math.Min(2L * rented.Length, Array.MaxLength)));
        rented.AsSpan(0, used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(rented);
        return larger;
    }

    private static ProxyError TooLarge(int limit) => new(
        StatusCodes.Status413PayloadTooLarge, ProxyError.InvalidRequest, $"The request body is larger than the limit of {limit} bytes.");
}
