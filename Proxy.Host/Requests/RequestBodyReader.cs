using System.Buffers;
using Proxy.Logging.Records;
using Proxy.Management.Errors;

namespace Proxy.Host.Requests;

/// <summary>Reads a body once and whole, up to a limit.</summary>
internal static class RequestBodyReader
{
    private const int FirstRent = 16 * 1024;

    /// <summary>The client did not send what it began to send.</summary>
    public static readonly ProxyError Incomplete = new(
        StatusCodes.Status400BadRequest, "incomplete_request_error", "The request body did not arrive whole.");

    public static async ValueTask<(RequestBody? Body, ProxyError? Error)> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit) return (null, TooLarge(limit));

        // A length is only claimed; memory is taken as the bytes come.
        var rented = CallMemory.Pool.Rent((int)Math.Min(request.ContentLength ?? FirstRent, FirstRent));
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
        catch (IOException exception)
        {
            // The client left, or sends too slowly, or broke its own framing.
            var status = (exception as BadHttpRequestException)?.StatusCode ?? StatusCodes.Status400BadRequest;
            return (null, Incomplete with { Status = status });
        }
        finally
        {
            if (rented is not null) CallMemory.Pool.Return(rented);
        }
    }

    private static byte[] Grown(byte[] rented, int used, int needed)
    {
        if (needed <= rented.Length) return rented;

        var larger = CallMemory.Pool.Rent(Math.Max(needed, (int)Math.Min(2L * rented.Length, Array.MaxLength)));
        rented.AsSpan(0, used).CopyTo(larger);
        CallMemory.Pool.Return(rented);
        return larger;
    }

    private static ProxyError TooLarge(int limit) => new(
        StatusCodes.Status413PayloadTooLarge, ProxyError.InvalidRequest, $"The request body is larger than the limit of {limit} bytes.");
}
