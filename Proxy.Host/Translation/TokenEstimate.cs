using System.Text.Json;
using Proxy.Host.Recording;

namespace Proxy.Host.Translation;

/// <summary>How many tokens a request is about: its bytes by the usual length of a token, and so many for each picture or document.</summary>
internal static class TokenEstimate
{
    /// <summary>What providers count for a picture of a megapixel; its base64 says nothing of it.</summary>
    private const long PerMedia = 1600;

    /// <summary>Base64 that is shorter counts for itself.</summary>
    private const int ShortestMedia = 4 * (int)PerMedia;

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

    /// <summary>How many tokens are told by their numbers, one by one, as embeddings and completions may have their texts.</summary>
    /// <param name="json">One value.</param>
    /// <returns>Null when there are none, or it is anything else.</returns>
    public static long? CountIn(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray) return null;

        var count = 0L;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Number) count++;
            else if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.EndArray)) return null;
        }

        return count > 0 ? count : null;
    }

    /// <summary>What is to be taken off when bytes are counted as text: pictures and documents that stand in them as base64 are no such.</summary>
    /// <param name="json">One value.</param>
    /// <returns>Tokens.</returns>
    public static long SurplusIn(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var (surplus, isData, isAddress) = (0L, false, false);
        while (reader.Read())
        {
            // Texts stand under other names, so that none passes for a picture.
            if (reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length > ShortestMedia && (isData || isAddress && reader.ValueSpan.StartsWith("data:"u8)))
                surplus += Estimate.Tokens(reader.ValueSpan.Length) - PerMedia;

            var isName = reader.TokenType == JsonTokenType.PropertyName;
            isData = isName && (reader.ValueTextEquals("data"u8) || reader.ValueTextEquals("file_data"u8));
            isAddress = isName && (reader.ValueTextEquals("url"u8) || reader.ValueTextEquals("image_url"u8));
        }

        return surplus;
    }
}
