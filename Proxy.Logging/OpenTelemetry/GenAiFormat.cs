using Proxy.Logging.Otlp;
using Proxy.Logging.Records;

namespace Proxy.Logging.OpenTelemetry;

/// <summary>Spans by OTLP, under the names of the GenAI conventions, for any collector.</summary>
internal sealed class GenAiFormat : BatchFormat
{
    public static readonly GenAiFormat Instance = new();

    private static readonly FactStyle Facts = OtlpSpan.FactsUnder("proxy.");

    private GenAiFormat() => IsCompressed = true;

    public override void Write(PooledBuffer output, CompletionRecord record, LogTarget target)
    {
        var request = new OtlpRequest(output);
        var span = request.BeginSpan(record, $"{record.Operation} {record.Model}".TrimEnd());
        var attributes = span.Attributes;
        attributes.AddShort("gen_ai.operation.name"u8, record.Operation);
        attributes.AddShort("gen_ai.provider.name"u8, record.Provider);
        attributes.AddShort("gen_ai.request.model"u8, record.Model);
        attributes.AddShort("gen_ai.response.model"u8, record.UpstreamModel);
        attributes.AddShort("gen_ai.conversation.id"u8, record.SessionId);
        attributes.AddShort("user.id"u8, record.UserId);
        attributes.AddJson("gen_ai.input.messages"u8, record.Input.Span);
        attributes.AddJson("gen_ai.output.messages"u8, record.Output.Span);
        if (record.Usage is { } usage)
        {
            // The conventions count what was cached, and what was thought, within.
            attributes.AddNumber("gen_ai.usage.input_tokens"u8, usage.Input + usage.CachedInput + usage.CacheWrite);
            attributes.AddNumber("gen_ai.usage.output_tokens"u8, usage.Output + usage.Reasoning);
        }

        if (record.Cost is { } cost) attributes.AddShort("gen_ai.usage.cost"u8, $"{cost.Total}");
        if (record.Level == CompletionLevel.Error) attributes.AddShort("error.type"u8, record.Metadata.GetValueOrDefault("error_type", "error").Trim('"'));
        attributes.AddList("tags"u8, record.Tags);
        span.AddFacts(Facts, record.Metadata);
        attributes.AddAttempts("proxy.attempt_"u8, record.Attempts);
        span.End();
        request.End();
    }
}
