using System.Text;
using System.Text.Json;
using Proxy.Host.Requests.Forms;
using Proxy.Host.Resources;
using Proxy.Management.Prices;

namespace Proxy.Host.Requests;

/// <summary>A call's body and the few of its fields that steer; made by <see cref="RequestPeek"/>.</summary>
internal sealed class CompletionRequest(RequestBody body) : IDisposable
{
    /// <summary>What a subset takes beyond the fields as they stand in the body, each with its comma or brace.</summary>
    public const int SubsetRoom = 2;

    private readonly List<RequestField> _fields = new(8);

    public ReadOnlyMemory<byte> Body => body.Memory;

    /// <summary>The top-level fields in the order of the body.</summary>
    public IReadOnlyList<RequestField> Fields => _fields;

    /// <summary>The model that is asked for; an alias of the caller's is resolved when the call is routed.</summary>
    public string Model { get; set; } = "";

    /// <summary>The model as the body states it.</summary>
    public string StatedModel { get; set; } = "";

    /// <summary>The model that the path names, and not the body; null for most calls.</summary>
    public string? ModelInPath { get; init; }

    /// <summary>The body's parts, where it is a form and not an object.</summary>
    public RequestForm? Form { get; set; }

    /// <summary>How long a recording looks, by its bytes; 0 for all that is none.</summary>
    public decimal HeardSeconds => Form?.HeardSeconds ?? SpokenSeconds;

    /// <summary>The same of what was said in a session.</summary>
    public decimal SpokenSeconds { get; init; }

    public OutputBounds Bounds { get; } = new();

    /// <summary>The service tier that the body asks for, which has prices of its own.</summary>
    public ServiceTier ServiceTier { get; set; }

    public bool IsStream { get; set; }

    /// <summary>True when the client wants the usage chunk of a stream itself.</summary>
    public bool WantsUsage { get; set; }

    /// <summary>The client's <c>user</c>: who uses the application that calls.</summary>
    public string? User { get; set; }

    /// <summary>True when the provider shall keep the answer, and with it the client's metadata.</summary>
    public bool IsStored { get; set; }

    /// <summary>Ids of things that a provider keeps.</summary>
    public IReadOnlyList<ResourceReference> References { get; set; } = [];

    /// <summary>True when the answer is to come later, to whoever asks for it then.</summary>
    public bool IsInBackground { get; set; }

    public RequestMetadata Metadata { get; init; } = new();

    public RequestRouting Routing { get; } = new();

    public void Add(RequestField field) => _fields.Add(field);

    public bool Has(FieldKind kind) => _fields.Exists(field => field.Kind == kind);

    public RequestField? Find(FieldKind kind)
    {
        foreach (var field in _fields)
        {
            if (field.Kind == kind) return field;
        }

        return null;
    }

    /// <summary>The text of a field, or of a part of a form; null when there is none.</summary>
    public string? TextOf(ReadOnlySpan<byte> name)
    {
        if (Form is not null) return Form.FindText(Encoding.UTF8.GetString(name));

        foreach (var field in _fields)
        {
            if (!NameOf(field).SequenceEqual(name)) continue;

            var reader = new Utf8JsonReader(ValueOf(field));
            return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        }

        return null;
    }

    /// <summary>The field's JSON, quotes and all.</summary>
    public ReadOnlySpan<byte> ValueOf(RequestField field) => body.Span[field.ValueStart..field.ValueEnd];

    public ReadOnlySpan<byte> NameOf(RequestField field) => body.Span.Slice(field.NameStart, field.NameLength);

    /// <summary>The fields of the given kind as one JSON object, bytes as the client wrote them.</summary>
    /// <param name="kind">Which fields.</param>
    /// <param name="room">Where they may be put; what is used of it is cut off its front. For subsets of several kinds the length of the body is enough, and <see cref="SubsetRoom"/> for each.</param>
    public ReadOnlyMemory<byte> Subset(FieldKind kind, ref Memory<byte> room)
    {
        if (Form is not null) return Form.Subset(kind);

        // Names and values were checked by the reader, so they are JSON as they stand.
        var json = room.Span;
        var length = 0;
        foreach (var field in _fields)
        {
            if (!IsOf(kind, field)) continue;

            Put(json, ref length, length == 0 ? "{\""u8 : ",\""u8);
            Put(json, ref length, NameOf(field));
            Put(json, ref length, "\":"u8);
            Put(json, ref length, ValueOf(field));
        }

        Put(json, ref length, length == 0 ? "{}"u8 : "}"u8);
        var subset = room[..length];
        room = room[length..];
        return subset;
    }

    public void Dispose() => body.Dispose();

    private static void Put(Span<byte> json, ref int length, ReadOnlySpan<byte> text)
    {
        text.CopyTo(json[length..]);
        length += text.Length;
    }

    private static bool IsOf(FieldKind kind, in RequestField field) =>
        field.Kind == kind || (kind == FieldKind.Parameter && field.Kind is FieldKind.Stream or FieldKind.Store);
}
