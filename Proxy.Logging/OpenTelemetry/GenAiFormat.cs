using System.Buffers;
using System.Text.Json;
using Proxy.Logging.Langfuse;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.OpenTelemetry;

/// <summary>Spans by OTLP in JSON, under the names of the GenAI conventions, for any collector.</summary>
internal sealed class GenAiFormat : BatchFormat
{
    public static readonly GenAiFormat Instance = new();

    private GenAiFormat()
    {
        Head = OtlpSpanWriter.WriteEnvelope();
        Separator = ","u8.ToArray();
        Tail = "]}]}]}"u8.ToArray();
        IsCompressed = true;
    }

    public override void Write(IBufferWriter<byte> output, CompletionRecord record, LogTarget target)
    {
        using var writer = new Utf8JsonWriter(output, OtlpAttributes.WriterOptions);
        OtlpSpanWriter.WriteStart(writer, record, $"{record.Operation} {record.Model}".TrimEnd());
        var attributes = new OtlpAttributes(writer);
        attributes.AddShort("gen_ai.operation.name", record.Operation);
        attributes.AddShort("gen_ai.provider.name", record.Provider);
        attributes.AddShort("gen_ai.request.model", record.Model);
        attributes.AddShort("gen_ai.response.model", record.UpstreamModel);
        attributes.AddShort("gen_ai.conversation.id", record.SessionId);
        attributes.AddShort("user.id", record.UserId);
        attributes.AddJson("gen_ai.input.messages", record.Input.Span);
        attributes.AddJson("gen_ai.output.messages", record.Output.Span);
        if (record.Usage is { } usage)
        {
            // The conventions count what was cached, and what was thought, within.
            attributes.AddNumber("gen_ai.usage.input_tokens", usage.Input + usage.CachedInput + usage.CacheWrite);
            attributes.AddNumber("gen_ai.usage.output_tokens", usage.Output + usage.Reasoning);
        }

        if (record.Cost is { } cost) attributes.AddShort("gen_ai.usage.cost", $"{cost.Total}");
        if (record.Level == CompletionLevel.Error) attributes.AddShort("error.type", record.Metadata.GetValueOrDefault("error_type", "error").Trim('"'));
        attributes.AddList("tags", record.Tags);
        attributes.AddMetadata("proxy.", record.Metadata);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
