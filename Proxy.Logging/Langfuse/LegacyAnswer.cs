using System.Text.Json;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.Langfuse;

/// <summary>Reads a 207 event by event: the status of the whole says nothing.</summary>
internal static class LegacyAnswer
{
    private const string TypeRefused = "Event type not accepted";

    /// <summary>What the server takes by this way no more.</summary>
    public static readonly DeliveryVerdict WrongTransport = new(Delivery.Rebuild, "events refused");

    public static DeliveryVerdict Read(ReadOnlyMemory<byte> body, IReadOnlyList<BatchRecord> records)
    {
        var fates = new Dictionary<string, RecordVerdict>();
        try
        {
            using var answer = JsonDocument.Parse(body);
            foreach (var success in answer.RootElement.GetProperty("successes").EnumerateArray())
                fates[success.GetProperty("id").GetString() ?? ""] = new(Delivery.Delivered);
            foreach (var error in answer.RootElement.GetProperty("errors").EnumerateArray())
            {
                var text = error.GetRawText();
                if (text.Contains(TypeRefused, StringComparison.OrdinalIgnoreCase)) return WrongTransport;

                var status = error.GetProperty("status").GetInt32();
                if (status is 401 or 403) return DeliveryVerdict.Parked($"{status} for an event");

                fates[error.GetProperty("id").GetString() ?? ""] = status is >= 400 and < 500 and not (408 or 425 or 429)
                    ? new(Delivery.DeadLetter, text)
                    : new(Delivery.Retry);
            }
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // Not Langfuse's words: something in between has answered, and nobody knows what was stored.
            return new(Delivery.Retry, DeliveryVerdict.Unreadable);
        }

        var verdicts = records.Select(record => Worst(fates, record.Name.Id)).ToList();
        return verdicts.TrueForAll(verdict => verdict.Kind == Delivery.Delivered)
            ? new(Delivery.Delivered, "207")
            : new(Delivery.Partial, "207") { Records = verdicts };
    }

    /// <summary>A record is delivered when its generation is, and its trace and its attempts were not refused.</summary>
    private static RecordVerdict Worst(Dictionary<string, RecordVerdict> fates, Guid record)
    {
        var generation = fates.TryGetValue(LegacyFormat.GenerationEventId(record), out var known) ? known : new(Delivery.Retry);
        if (generation.Kind == Delivery.DeadLetter) return generation;

        var trace = fates.GetValueOrDefault(LegacyFormat.TraceEventId(record), new(Delivery.Delivered));
        if (trace.Kind != Delivery.Delivered) return trace;

        for (var i = 0; fates.TryGetValue(LegacyFormat.AttemptEventId(record, i), out var attempt); i++)
        {
            if (attempt.Kind != Delivery.Delivered) return attempt;
        }

        return generation;
    }
}
