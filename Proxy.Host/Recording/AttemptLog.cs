using System.Buffers;
using System.Text;
using System.Text.Json;
using Proxy.Host.Failover;

namespace Proxy.Host.Recording;

/// <summary>Tells the attempts of a call to its log.</summary>
internal static class AttemptLog
{
    /// <returns>A JSON array, or null when one attempt did it.</returns>
    public static string? Of(IReadOnlyList<Attempt> attempts)
    {
        if (attempts.Count == 0 || (attempts.Count == 1 && attempts[0].Failure is null)) return null;

        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var attempt in attempts) Write(json, attempt);
            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, Attempt attempt)
    {
        json.WriteStartObject();
        json.WriteString("model_id", attempt.ModelId);
        json.WriteString("model", attempt.UpstreamModel);
        if (attempt.Failure is { } failure)
        {
            json.WriteNumber("status", failure.Error.Status);
            json.WriteString("error", failure.Error.Message);
        }

        json.WriteNumber("duration_ms", (long)(attempt.EndedAt - attempt.StartedAt).TotalMilliseconds);
        json.WriteEndObject();
    }
}
