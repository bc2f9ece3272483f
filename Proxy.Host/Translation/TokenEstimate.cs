using System.Text.Json;
using Proxy.Host.Recording;

namespace Proxy.Host.Translation;

/// <summary>How many tokens a request is about: its bytes by the usual length of a token, and so many for each picture or document.</summary>
internal static class TokenEstimate
{
    /// <summary>What providers count for a picture of a megapixel; its base64 says nothing of it.</summary>
    private const long PerMedia = 1600;

    /// <param name="body">Valid JSON.</param>
    public static long Of(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        var (bytes, media, isData) = (0L, 0L, false);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                isData = reader.ValueTextEquals("data"u8);
                bytes += reader.ValueSpan.Length;
            }
            else if (isData && reader.TokenType == JsonTokenType.String)
            {
                media++;
                isData = false;
            }
            else
            {
                bytes += reader.TokenType is JsonTokenType.String or JsonTokenType.Number ? reader.ValueSpan.Length : 0;
                isData = false;
            }
        }

        return Estimate.Tokens(bytes) + (media * PerMedia);
    }
}
