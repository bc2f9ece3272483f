using System.Text.Json;
using Proxy.Logging.Records;

namespace Proxy.Logging.Langfuse;

/// <summary>Parameters, tokens and money in the shapes that the old schema takes; others reject the event or vanish.</summary>
internal static class LegacyNumbers
{
    /// <remarks>Scalars only: an object with anything but strings inside would reject the generation.</remarks>
    public static void WriteParameters(Utf8JsonWriter json, CompletionRecord record)
    {
        if (record.Parameters.IsEmpty) return;
        try
        {
            using var parameters = JsonDocument.Parse(record.Parameters);
            if (parameters.RootElement.ValueKind != JsonValueKind.Object) return;

            json.WriteStartObject("modelParameters"u8);
            foreach (var parameter in parameters.RootElement.EnumerateObject())
            {
                json.WritePropertyName(parameter.Name);
                if (parameter.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array) json.WriteStringValue(parameter.Value.GetRawText());
                else parameter.Value.WriteTo(json);
            }

            json.WriteEndObject();
        }
        catch (JsonException)
        {
            // Cut in its middle, or never JSON: a log without parameters is better than none.
        }
    }

    /// <summary>Buckets for those who know them, and the old object for version 2.</summary>
    public static void WriteUsage(Utf8JsonWriter json, CompletionRecord record)
    {
        Span<byte> numbers = stackalloc byte[LangfuseSpans.MaxNumbersLength];
        if (record.Usage is { } usage)
        {
            json.WritePropertyName("usageDetails"u8);
            json.WriteRawValue(LangfuseSpans.UsageOf(usage, numbers), skipInputValidation: true);
            json.WriteStartObject("usage"u8);
            json.WriteNumber("input"u8, usage.Input + usage.CachedInput + usage.CacheWrite);
            json.WriteNumber("output"u8, usage.Output + usage.Reasoning);
            json.WriteNumber("total"u8, usage.Total);
            json.WriteString("unit"u8, "TOKENS");
            if (record.Cost is { } known)
            {
                json.WriteNumber("inputCost"u8, known.Input);
                json.WriteNumber("outputCost"u8, known.Output);
                json.WriteNumber("totalCost"u8, known.Total);
            }

            json.WriteEndObject();
        }

        if (record.Cost is not { } cost) return;
        json.WritePropertyName("costDetails"u8);
        json.WriteRawValue(LangfuseSpans.CostOf(cost, numbers), skipInputValidation: true);
    }
}
