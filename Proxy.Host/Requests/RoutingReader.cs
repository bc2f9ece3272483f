using System.Globalization;
using System.Text.Json;
using Proxy.Management.Errors;

namespace Proxy.Host.Requests;

/// <summary>Reads how a client wants its call to be routed, from its body and from its headers.</summary>
internal static class RoutingReader
{
    private const int MaxRetries = 10;
    private const int MaxFallbacks = 16;
    private const double MaxSeconds = 24 * 60 * 60;

    /// <summary>The reader stands on the value and is left on its last token.</summary>
    public static ProxyError? Read(RequestRouting routing, string name, ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;

        switch (name)
        {
            case "num_retries":
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var retries) || retries < 0)
                    return ProxyError.BadRequest("The field 'num_retries' must be a whole number from 0 on.", name);
                routing.Retries = Math.Min(retries, MaxRetries);
                return null;

            case "timeout":
                if (reader.TokenType != JsonTokenType.Number || Seconds(reader.GetDouble()) is not { } timeout)
                    return ProxyError.BadRequest("The field 'timeout' must be a number of seconds above 0.", name);
                routing.Timeout = timeout;
                return null;

            case "disable_fallbacks":
                if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False))
                    return ProxyError.BadRequest("The field 'disable_fallbacks' must be true or false.", name);
                routing.AreFallbacksDisabled = reader.TokenType == JsonTokenType.True;
                return null;
        }

        if (ReadModels(ref reader) is not { } models)
            return ProxyError.BadRequest($"The field '{name}' must be a list of at most {MaxFallbacks} model names.", name);

        if (name == "fallbacks") routing.Fallbacks = models;
        else if (name == "context_window_fallbacks") routing.ContextWindowFallbacks = models;
        else routing.ContentPolicyFallbacks = models;
        return null;
    }

    /// <summary>The headers go over the body.</summary>
    public static ProxyError? Read(RequestRouting routing, IHeaderDictionary headers)
    {
        if (headers.TryGetValue("x-litellm-num-retries", out var text))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var retries))
                return ProxyError.BadRequest("The header 'x-litellm-num-retries' must be a whole number from 0 on.", "x-litellm-num-retries");
            routing.Retries = Math.Min(retries, MaxRetries);
        }

        if (ReadSeconds(headers, "x-litellm-timeout", out var timeout) is { } error) return error;
        if (ReadSeconds(headers, "x-litellm-stream-timeout", out var firstByte) is { } other) return other;

        routing.Timeout = timeout ?? routing.Timeout;
        routing.FirstByteTimeout = firstByte ?? routing.FirstByteTimeout;
        return null;
    }

    private static ProxyError? ReadSeconds(IHeaderDictionary headers, string name, out TimeSpan? value)
    {
        value = null;
        if (!headers.TryGetValue(name, out var text)) return null;

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)) value = Seconds(seconds);
        return value is null ? ProxyError.BadRequest($"The header '{name}' must be a number of seconds above 0.", name) : null;
    }

    private static TimeSpan? Seconds(double seconds) => seconds is > 0 and <= MaxSeconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>Names, objects with a <c>model</c>, or objects from a model to the list of its fallbacks.</summary>
    private static List<string>? ReadModels(ref Utf8JsonReader reader)
    {
        using var json = JsonDocument.ParseValue(ref reader);
        if (json.RootElement.ValueKind != JsonValueKind.Array) return null;

        var models = new List<string>();
        foreach (var entry in json.RootElement.EnumerateArray())
        {
            if (entry.ValueKind == JsonValueKind.String) models.Add(entry.GetString()!);
            else if (entry.ValueKind != JsonValueKind.Object) return null;
            else if (entry.TryGetProperty("model", out var model) && model.ValueKind == JsonValueKind.String) models.Add(model.GetString()!);
            else if (!TryAddLists(entry, models)) return null;
        }

        return models.Count > MaxFallbacks ? null : models;
    }

    private static bool TryAddLists(JsonElement entry, List<string> models)
    {
        foreach (var list in entry.EnumerateObject().Select(property => property.Value))
        {
            if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(name => name.ValueKind != JsonValueKind.String)) return false;
            models.AddRange(list.EnumerateArray().Select(name => name.GetString()!));
        }

        return true;
    }
}
