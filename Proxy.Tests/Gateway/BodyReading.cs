using System.Text;

namespace Proxy.Tests.Gateway;

/// <summary>Reads bodies that may break off.</summary>
internal static class BodyReading
{
    /// <summary>All that came, and whether it came to a proper end.</summary>
    public static async Task<(string Text, bool IsWhole)> ReadAsFarAsItGoesAsync(this HttpResponseMessage response)
    {
        await using var stream = await response.Content.ReadAsStreamAsync();
        using var kept = new MemoryStream();
        var piece = new byte[4096];
        try
        {
            while (await stream.ReadAsync(piece) is > 0 and var read) kept.Write(piece, 0, read);
            return (Encoding.UTF8.GetString(kept.ToArray()), true);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            return (Encoding.UTF8.GetString(kept.ToArray()), false);
        }
    }
}
