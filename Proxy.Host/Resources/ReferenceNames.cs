using System.Text;

namespace Proxy.Host.Resources;

/// <summary>What a field's name says of the ids in it.</summary>
internal enum ReferenceName
{
    None,
    Id,
    Type,
    Role,
    EncryptedContent,
    Input,

    /// <summary>By a model or a tool, or a schema: it loads nothing.</summary>
    Written,

    // From here on their strings are ids.
    FileUri,
    FileId,
    FileList,
    VectorStores,
    PreviousResponse,
    Conversation,
    Container,
    ContainerId,
    CachedContent,
    InputFile,
    TrainingFile,
    ValidationFile,
    Assistant,
    Thread,
}

internal static class ReferenceNames
{
    private static readonly (byte[] Name, ReferenceName Meaning)[] Known =
    [
        Of("id", ReferenceName.Id), Of("type", ReferenceName.Type), Of("role", ReferenceName.Role), Of("encrypted_content", ReferenceName.EncryptedContent), Of("input", ReferenceName.Input),
        Of("fileUri", ReferenceName.FileUri), Of("file_uri", ReferenceName.FileUri), Of("file_id", ReferenceName.FileId), Of("file_ids", ReferenceName.FileList),
        Of("vector_store_ids", ReferenceName.VectorStores), Of("previous_response_id", ReferenceName.PreviousResponse), Of("conversation", ReferenceName.Conversation),
        Of("container", ReferenceName.Container), Of("container_id", ReferenceName.ContainerId), Of("cachedContent", ReferenceName.CachedContent), Of("cached_content", ReferenceName.CachedContent),
        Of("input_file_id", ReferenceName.InputFile), Of("training_file", ReferenceName.TrainingFile), Of("validation_file", ReferenceName.ValidationFile),
        Of("assistant_id", ReferenceName.Assistant), Of("thread_id", ReferenceName.Thread),
        .. WrittenNames.Select(name => Of(name, ReferenceName.Written)),
    ];

    private static IEnumerable<string> WrittenNames =>
        ["input_schema", "parameters", "schema", "json_schema", "arguments", "args", "response", "metadata", "litellm_metadata", "results", "annotations", "logprobs"];

    public static ReferenceName Of(ReadOnlySpan<byte> name)
    {
        foreach (var (known, meaning) in Known)
        {
            if (known.Length == name.Length && Ascii.EqualsIgnoreCase(known, name)) return meaning;
        }

        return ReferenceName.None;
    }

    /// <summary>The field as an error names it.</summary>
    public static string FieldOf(ReferenceName meaning) => Encoding.UTF8.GetString(Array.Find(Known, known => known.Meaning == meaning).Name);

    private static (byte[] Name, ReferenceName Meaning) Of(string name, ReferenceName meaning) => (Encoding.UTF8.GetBytes(name), meaning);
}
