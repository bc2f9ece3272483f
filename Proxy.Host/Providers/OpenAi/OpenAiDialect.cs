using System.Buffers;
using System.Text.Json;
using Proxy.Host.Models;
using Proxy.Host.Requests;

namespace Proxy.Host.Providers.OpenAi;

/// <summary>
/// OpenAI, and whoever speaks its API: the client's own bytes, but for the model's name, the wish for usage in a stream, and the fields that
/// were meant for the gateway.
/// </summary>
internal class OpenAiDialect(string name, params ClientApi[] apis) : ProviderDialect(name, apis)
{
    private static readonly byte[] UsageOption = "\"stream_options\":{\"include_usage\":true},"u8.ToArray();

    public override string? UsualAddress => Name == ProviderNames.OpenAi ? "https://api.openai.com/v1" : null;

    /// <summary>OpenAI itself; servers that speak its API know more fields, or fewer new ones.</summary>
    public override bool TakesOnlyOwnFields(string address) => new Uri(address).Host.EndsWith(".openai.com", StringComparison.OrdinalIgnoreCase);

    protected override IReadOnlyList<string> PassedHeaders { get; } = ["Accept", "User-Agent", "OpenAI-Beta", "Idempotency-Key"];

    protected override ReadOnlyMemory<byte> Insertion(CompletionRequest request, Deployment deployment) =>
        NeedsUsage(request, deployment) && !request.Has(FieldKind.StreamOptions) ? UsageOption : default(ReadOnlyMemory<byte>);

    /// <summary>OpenAI takes metadata only for answers that it keeps, and refuses what it does not know.</summary>
    protected override FieldFate FateOf(CompletionRequest request, RequestField field, Deployment deployment, string upstreamModel) => field.Kind switch
    {
        FieldKind.Metadata when !request.IsStored => FieldFate.Dropped,
        FieldKind.StreamOptions when NeedsUsage(request, deployment) => FieldFate.Becomes(WithUsage(request.ValueOf(field))),
        _ => base.FateOf(request, field, deployment, upstreamModel),
    };

    /// <summary>The client's other options stay.</summary>
    private static byte[] WithUsage(ReadOnlySpan<byte> options)
    {
        var reader = new Utf8JsonReader(options);
        using var given = JsonDocument.ParseValue(ref reader);
        var buffer = new ArrayBufferWriter<byte>(64);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var option in given.RootElement.ValueKind == JsonValueKind.Object ? given.RootElement.EnumerateObject() : default)
            {
                if (!option.NameEquals("include_usage"u8)) option.WriteTo(json);
            }

            json.WriteBoolean("include_usage"u8, value: true);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static bool NeedsUsage(CompletionRequest request, Deployment deployment) =>
        deployment.AsksForStreamUsage && request.IsStream && !request.WantsUsage;
}
