using System.Text.Json;
using Proxy.Host.Requests;

namespace Proxy.Host.Providers.OpenAi;

/// <summary>
/// A client's OpenAI call as an OpenAI provider gets it: the client's own bytes, but for the model's name, the wish for usage in a stream,
/// and the fields that were meant for the gateway.
/// </summary>
internal static class OpenAiRequest
{
    private static readonly byte[] UsageOption = "\"stream_options\":{\"include_usage\":true},"u8.ToArray();
    private static readonly byte[] UsageValue = "{\"include_usage\":true}"u8.ToArray();

    public static OutgoingBody Write(CompletionRequest request, string upstreamModel, bool asksForUsage)
    {
        var body = request.Body;
        var outgoing = new OutgoingBody();
        var needsUsage = asksForUsage && request.IsStream && !request.WantsUsage;
        var position = 0;

        if (needsUsage && !request.Has(FieldKind.StreamOptions))
        {
            position = body.Span.IndexOf((byte)'{') + 1;
            outgoing.Append(body[..position]);
            outgoing.Append(UsageOption);
        }

        var fields = request.Fields;
        var lastKept = LastKept(request);
        for (var index = 0; index < fields.Count; index++)
        {
            var field = fields[index];
            if (index > lastKept)
            {
                // The trailing run of dropped fields goes with the comma before it; at least the model is always kept.
                outgoing.Append(body[position..fields[lastKept].ValueEnd]);
                position = fields[^1].ValueEnd;
                break;
            }

            if (IsDropped(request, field))
            {
                outgoing.Append(body[position..(field.NameStart - 1)]);
                position = fields[index + 1].NameStart - 1;
            }
            else if (Replacement(request, field, upstreamModel, needsUsage) is { } value)
            {
                outgoing.Append(body[position..field.ValueStart]);
                outgoing.Append(value);
                position = field.ValueEnd;
            }
        }

        outgoing.Append(body[position..]);
        return outgoing;
    }

    private static byte[]? Replacement(CompletionRequest request, RequestField field, string upstreamModel, bool needsUsage) => field.Kind switch
    {
        FieldKind.Model when upstreamModel != request.StatedModel => JsonSerializer.SerializeToUtf8Bytes(upstreamModel, RequestJson.Default.String),
        FieldKind.StreamOptions when needsUsage => UsageValue,
        _ => null,
    };

    /// <summary>OpenAI takes metadata only for answers that it keeps, and refuses what it does not know.</summary>
    private static bool IsDropped(CompletionRequest request, RequestField field) => field.Kind switch
    {
        FieldKind.GatewayOnly or FieldKind.GatewayMetadata or FieldKind.Tags => true,
        FieldKind.Metadata => !request.IsStored,
        _ => false,
    };

    private static int LastKept(CompletionRequest request)
    {
        for (var index = request.Fields.Count - 1; index >= 0; index--)
        {
            if (!IsDropped(request, request.Fields[index])) return index;
        }

        return -1;
    }
}
