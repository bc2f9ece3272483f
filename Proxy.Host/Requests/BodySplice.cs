namespace Proxy.Host.Requests;

/// <summary>What becomes of a field of a body on its way to a provider.</summary>
internal readonly record struct FieldFate(bool IsDropped, byte[]? Value)
{
    public static readonly FieldFate Kept;
    public static readonly FieldFate Dropped = new(IsDropped: true, Value: null);

    public static FieldFate Becomes(byte[] value) => new(IsDropped: false, value);
}

/// <summary>Rewrites single fields of a body and leaves every other byte as the client wrote it.</summary>
internal static class BodySplice
{
    /// <param name="insertion">Fields that stand before all others, each with its comma.</param>
    public static OutgoingBody Write(CompletionRequest request, ReadOnlyMemory<byte> insertion, Func<RequestField, FieldFate> fateOf)
    {
        var body = request.Body;
        var outgoing = new OutgoingBody();
        var position = 0;
        if (!insertion.IsEmpty)
        {
            position = body.Span.IndexOf((byte)'{') + 1;
            outgoing.Append(body[..position]);
            outgoing.Append(insertion);
        }

        var fields = request.Fields;
        var lastKept = LastKept(fields, fateOf);
        if (lastKept < 0) return Only(insertion);

        for (var index = 0; index < fields.Count; index++)
        {
            var field = fields[index];
            if (index > lastKept)
            {
                // The trailing run of dropped fields goes with the comma before it.
                outgoing.Append(body[position..fields[lastKept].ValueEnd]);
                position = fields[^1].ValueEnd;
                break;
            }

            var fate = fateOf(field);
            if (fate.IsDropped)
            {
                outgoing.Append(body[position..(field.NameStart - 1)]);
                position = fields[index + 1].NameStart - 1;
            }
            else if (fate.Value is { } value)
            {
                outgoing.Append(body[position..field.ValueStart]);
                outgoing.Append(value);
                position = field.ValueEnd;
            }
        }

        outgoing.Append(body[position..]);
        return outgoing;
    }

    private static OutgoingBody Only(ReadOnlyMemory<byte> insertion)
    {
        var outgoing = new OutgoingBody();
        outgoing.Append("{"u8.ToArray());
        outgoing.Append(insertion.IsEmpty ? insertion : insertion[..^1]);
        outgoing.Append("}"u8.ToArray());
        return outgoing;
    }

    private static int LastKept(IReadOnlyList<RequestField> fields, Func<RequestField, FieldFate> fateOf)
    {
        for (var index = fields.Count - 1; index >= 0; index--)
        {
            if (!fateOf(fields[index]).IsDropped) return index;
        }

        return -1;
    }
}
