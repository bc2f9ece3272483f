namespace Proxy.Host.Requests.Forms;

/// <summary>One part of a form: from its boundary to the next one, and where its value lies in it.</summary>
/// <param name="FileName">Null when it is no file.</param>
internal readonly record struct FormPart(FieldKind Kind, string Name, string? FileName, int Start, int ValueStart, int ValueEnd)
{
    private const int LineEnd = 2;

    /// <summary>Where the next boundary begins.</summary>
    public int End => ValueEnd + LineEnd;

    public int Length => ValueEnd - ValueStart;
}
