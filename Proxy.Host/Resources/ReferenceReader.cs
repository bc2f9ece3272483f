using System.Text.Json;
using Proxy.Host.Providers;

namespace Proxy.Host.Resources;

/// <summary>Finds the ids in a body that stand for things which a provider keeps, in the words of all APIs that clients speak.</summary>
/// <remarks>Names are compared as they mean, not as they are spelt, since a provider reads their escapes too. What a model or a tool wrote is not looked into: it loads nothing.</remarks>
internal sealed class ReferenceReader
{
    private const int MaxDepth = 64;
    private const int MaxName = 32;
    private const int LongestEscape = 6;

    /// <summary>The list at the top that a response is asked with, and the objects in it.</summary>
    private const int ItemDepth = 3;

    /// <summary>How the names begin that speak of such things, and how any name may that is spelt in escapes. A prompt that speaks of a file has no quote before the word.</summary>
    private static readonly byte[][] Marks = ["\"file"u8.ToArray(), "\"container"u8.ToArray(), "\"cached"u8.ToArray(), "\"vector_store"u8.ToArray(), "\\u00"u8.ToArray()];

    private readonly List<ResourceReference> _found = [];
    private readonly Frame[] _frames = new Frame[MaxDepth + 1];
    private int _depth;

    private ReferenceReader()
    {
    }

    /// <param name="body">A whole body, which is known to be JSON.</param>
    /// <param name="operation">What is asked: most calls say nothing of the kind, and are not read for it.</param>
    public static IReadOnlyList<ResourceReference> Read(ReadOnlySpan<byte> body, ApiOperation operation)
    {
        if (operation != ApiOperation.Response && !operation.IsResource && !HoldsMark(body)) return [];

        var references = new ReferenceReader();
        references.Read(new Utf8JsonReader(body));
        return references._found;
    }

    private static bool HoldsMark(ReadOnlySpan<byte> body)
    {
        foreach (var mark in Marks)
        {
            if (body.IndexOf(mark) >= 0) return true;
        }

        return false;
    }

    private void Read(Utf8JsonReader reader)
    {
        var name = ReferenceName.None;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = NameOf(reader);
                    continue;

                case JsonTokenType.StartObject or JsonTokenType.StartArray when IsWritten(name):
                    reader.Skip();
                    break;

                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    Enter(reader.TokenType == JsonTokenType.StartArray, name);
                    break;

                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    Leave();
                    break;

                default:
                    Note(reader, _frames[_depth].IsList ? _frames[_depth].Name : name);
                    break;
            }

            name = ReferenceName.None;
        }
    }

    private static ReferenceName NameOf(in Utf8JsonReader reader)
    {
        Span<byte> name = stackalloc byte[MaxName * LongestEscape];
        return reader.ValueSpan.Length > (reader.ValueIsEscaped ? name.Length : MaxName) ? ReferenceName.None : ReferenceNames.Of(name[..reader.CopyString(name)]);
    }

    /// <summary>What a model, a tool or a schema says. The field of the same name at the top is what is asked.</summary>
    private bool IsWritten(ReferenceName name) => name == ReferenceName.Written || (name == ReferenceName.Input && _depth > 1);

    private void Enter(bool isList, ReferenceName name)
    {
        ref var parent = ref _frames[_depth];
        var own = !isList && parent.IsList ? parent.Name : name;
        var isItem = !isList && parent is { IsList: true, Name: ReferenceName.Input } && _depth == ItemDepth - 1;
        _frames[++_depth] = new Frame { IsList = isList, Name = own, IsItem = isItem };
    }

    private void Leave()
    {
        ref var frame = ref _frames[_depth--];

        // What is told of an answer names files, and loads none. Where the type stands twice, a provider may see the other one.
        if (frame.Ids is { } ids && frame is not { Types: 1, IsTold: true }) _found.AddRange(ids);
        if (frame is not { IsItem: true, Id: { } id }) return;

        if (frame.IsReference || (frame.Types == 0 && !frame.HasRole)) _found.Add(new ResourceReference(id, "input"));
        else if (frame is { IsThought: true, IsSealed: false }) _found.Add(new ResourceReference(id, "input", MayBeUnknown: true));
    }

    private void Note(in Utf8JsonReader reader, ReferenceName name)
    {
        ref var frame = ref _frames[_depth];
        if (name == ReferenceName.Role) frame.HasRole = true;
        if (reader.TokenType != JsonTokenType.String) return;

        if (name == ReferenceName.EncryptedContent) frame.IsSealed = true;
        else if (name == ReferenceName.Type) NoteType(reader, ref frame);
        else if (name == ReferenceName.Id && frame.Name is ReferenceName.Conversation or ReferenceName.Container) Add(reader.GetString(), frame.Name, ref frame);
        else if (name == ReferenceName.Id) NoteId(reader.GetString()!, ref frame);
        else if (name == ReferenceName.FileUri) Add(FileOf(reader.GetString()!), name, ref frame);
        else if (name > ReferenceName.FileUri) Add(reader.GetString(), name, ref frame);
    }

    /// <remarks>Which of two ids a provider takes is not known, so both count.</remarks>
    private static void NoteId(string id, ref Frame frame)
    {
        if (frame is { IsItem: true, Id: { } other }) Add(other, ReferenceName.Input, ref frame);
        frame.Id = id;
    }

    private static void NoteType(in Utf8JsonReader reader, ref Frame frame)
    {
        var type = reader.GetString()!;
        frame.Types++;
        frame.IsReference |= type == "item_reference";
        frame.IsThought |= type == "reasoning";
        frame.IsTold = type.EndsWith("_output", StringComparison.Ordinal) || type.EndsWith("_citation", StringComparison.Ordinal) || type is "file_path" or "code_interpreter_call";
    }

    private static void Add(string? id, ReferenceName name, ref Frame frame)
    {
        if (id is { Length: > 0 }) (frame.Ids ??= []).Add(new ResourceReference(id, ReferenceNames.FieldOf(name)));
    }

    /// <summary>Google's files go by their addresses; others are public.</summary>
    private static string? FileOf(string uri)
    {
        var at = uri.LastIndexOf("/files/", StringComparison.Ordinal);
        return at < 0 ? null : uri[(at + 1)..];
    }

    private struct Frame
    {
        public bool IsList;
        public ReferenceName Name;
        public List<ResourceReference>? Ids;

        /// <summary>One of the things that a response is asked with.</summary>
        public bool IsItem;
        public string? Id;
        public int Types;
        public bool IsReference;
        public bool IsThought;
        public bool IsTold;
        public bool IsSealed;
        public bool HasRole;
    }
}
