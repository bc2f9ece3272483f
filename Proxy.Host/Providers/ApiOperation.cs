using Proxy.Host.Resources;

namespace Proxy.Host.Providers;

/// <summary>One thing that clients ask of a model, with its path below the API's base.</summary>
internal sealed class ApiOperation
{
    public static readonly ApiOperation Chat = new(0, ClientApi.OpenAi, "/chat/completions", "chat", "acompletion", "messages"u8);
    public static readonly ApiOperation Completion = new(1, ClientApi.OpenAi, "/completions", "text_completion", "atext_completion", "prompt"u8);
    public static readonly ApiOperation Embedding = new(2, ClientApi.OpenAi, "/embeddings", "embeddings", "aembedding", "input"u8);
    public static readonly ApiOperation Messages = new(3, ClientApi.Anthropic, "/messages", "chat", "anthropic_messages", "messages"u8);
    public static readonly ApiOperation CountTokens = new(4, ClientApi.Anthropic, "/messages/count_tokens", "count_tokens", "acount_tokens", "messages"u8);
    public static readonly ApiOperation Response = new(5, ClientApi.Responses, "/responses", "chat", "aresponses", "input"u8);

    public static readonly ApiOperation Moderation = new(6, ClientApi.OpenAi, "/moderations", "moderation", "amoderation", "input"u8);
    public static readonly ApiOperation Rerank = new(7, ClientApi.OpenAi, "/rerank", "rerank", "arerank", "query"u8);
    public static readonly ApiOperation ImageGeneration = new(8, ClientApi.OpenAi, "/images/generations", "image_generation", "aimage_generation", "prompt"u8);

    public static readonly ApiOperation Transcription = new(9, ClientApi.Transcripts, "/audio/transcriptions", "transcription", "atranscription", "file"u8) { IsForm = true };
    public static readonly ApiOperation Translation = new(10, ClientApi.Transcripts, "/audio/translations", "translation", "atranslation", "file"u8) { IsForm = true };
    public static readonly ApiOperation Speech = new(11, ClientApi.Speech, "/audio/speech", "speech", "aspeech", "input"u8);
    public static readonly ApiOperation ImageEdit = new(12, ClientApi.OpenAi, "/images/edits", "image_edit", "aimage_edit", "prompt"u8) { IsForm = true };
    public static readonly ApiOperation ImageVariation = new(13, ClientApi.OpenAi, "/images/variations", "image_variation", "aimage_variation", "image"u8) { IsForm = true };

    public static readonly ApiOperation Realtime = new(14, ClientApi.OpenAi, "/realtime", "realtime", "arealtime", ""u8);

    public static readonly ApiOperation GenerateContent = new(15, ClientApi.Gemini, "/models/{model}:generateContent", "chat", "agenerate_content", "contents"u8);
    public static readonly ApiOperation GenerateStream = new(16, ClientApi.Gemini, "/models/{model}:streamGenerateContent", "chat", "agenerate_content_stream", "contents"u8);
    public static readonly ApiOperation CountContent = new(17, ClientApi.Gemini, "/models/{model}:countTokens", "count_tokens", "acount_tokens", "contents"u8);

    public static readonly ApiOperation StoredResponse = new(18, ClientApi.Responses, "/responses", "responses", "aget_responses", ""u8) { ResourceKind = ResourceKinds.Response };
    public static readonly ApiOperation Conversations = new(19, ClientApi.Responses, "/conversations", "conversations", "aconversations", ""u8) { ResourceKind = ResourceKinds.Conversation, IsCreated = true };
    public static readonly ApiOperation Files = new(20, ClientApi.OpenAi, "/files", "files", "afiles", ""u8) { ResourceKind = ResourceKinds.File, IsCreated = true, IsListed = true };
    public static readonly ApiOperation Batches = new(21, ClientApi.OpenAi, "/batches", "batches", "abatches", ""u8) { ResourceKind = ResourceKinds.Batch, IsCreated = true, IsListed = true };
    public static readonly ApiOperation FineTuning = new(22, ClientApi.OpenAi, "/fine_tuning/jobs", "fine_tuning", "afine_tuning_jobs", ""u8) { ResourceKind = "fine_tuning_job", IsCreated = true, IsListed = true };
    public static readonly ApiOperation Assistants = new(23, ClientApi.OpenAi, "/assistants", "assistants", "aassistants", ""u8) { ResourceKind = "assistant", IsCreated = true, IsListed = true };
    public static readonly ApiOperation Threads = new(24, ClientApi.Threads, "/threads", "threads", "athreads", ""u8) { ResourceKind = ResourceKinds.Thread, IsCreated = true };
    public static readonly ApiOperation VectorStores = new(25, ClientApi.OpenAi, "/vector_stores", "vector_stores", "avector_stores", ""u8) { ResourceKind = "vector_store", IsCreated = true, IsListed = true };

    /// <summary>What Amazon Bedrock is asked; clients ask for something else, which is translated.</summary>
    public static readonly ApiOperation ConverseStream = new(26, ClientApi.Converse, "/model/{model}/converse-stream", "chat", "acompletion", "messages"u8);
    public static readonly ApiOperation Converse = new(27, ClientApi.Converse, "/model/{model}/converse", "chat", "acompletion", "messages"u8) { Streamed = ConverseStream };

    /// <summary>What is asked about things that a provider keeps: each stands for all that is below its path.</summary>
    public static readonly IReadOnlyList<ApiOperation> Resources = [StoredResponse, Conversations, Files, Batches, FineTuning, Assistants, Threads, VectorStores];

    public static readonly IReadOnlyList<ApiOperation> All =
    [
        Chat, Completion, Embedding, Messages, CountTokens, Response, Moderation, Rerank, ImageGeneration, Transcription, Translation, Speech, ImageEdit, ImageVariation,
        Realtime, GenerateContent, GenerateStream, CountContent,
    ];

    /// <summary>The part of a route's path that names the model.</summary>
    public const string ModelInPath = "model";

    /// <summary>The part of a route's path that names a resource; what it is stands before that.</summary>
    public const string ResourceInPath = "resource";

    private const string VersionPrefix = "/v1";

    private readonly byte[] _inputField;

    private ApiOperation(int index, ClientApi api, string path, string name, string callType, ReadOnlySpan<byte> inputField)
    {
        Index = index;
        Api = api;
        Path = path;
        Suffix = path[(path.LastIndexOf('}') + 1)..];
        Name = name;
        CallType = callType;
        LogName = "litellm-" + callType;
        _inputField = inputField.ToArray();
    }

    public int Index { get; }

    /// <summary>The API that it belongs to.</summary>
    public ClientApi Api { get; }

    public string Path { get; }

    /// <summary>What stands behind the model in the path; where that names none, the whole of it.</summary>
    public string Suffix { get; }

    /// <summary>The word of the GenAI conventions.</summary>
    public string Name { get; }

    /// <summary>The word that LiteLLM's users know from their spend logs.</summary>
    public string CallType { get; }

    /// <summary>As traces and generations are named where nobody names them.</summary>
    public string LogName { get; }

    /// <summary>What a provider keeps, where the operation is about that and not about a model; empty otherwise.</summary>
    public string ResourceKind { get; private init; } = "";

    public bool IsResource => ResourceKind.Length > 0;

    /// <summary>Whether a resource of the kind is made at the path itself, and not by a call of a model.</summary>
    public bool IsCreated { get; private init; }

    /// <summary>Whether the path itself lists resources.</summary>
    public bool IsListed { get; private init; }

    /// <summary>Whether the body is a form with files, and not JSON.</summary>
    public bool IsForm { get; private init; }

    /// <summary>Whether the answer is made of pictures.</summary>
    public bool IsPicture => this == ImageGeneration || this == ImageEdit || this == ImageVariation;

    /// <summary>The operation that answers in events; null where the same one does.</summary>
    public ApiOperation? Streamed { get; private init; }

    /// <summary>The field of the body that holds what is asked.</summary>
    public ReadOnlySpan<byte> InputField => _inputField;

    /// <summary>Whether the answer is made of tokens that are paid for.</summary>
    public bool IsGenerating => !IsResource && this != Embedding && this != Moderation && this != Rerank && !IsCounting;

    /// <summary>Whether tokens are only counted, which nobody is paid for.</summary>
    public bool IsCounting => this == CountTokens || this == CountContent;

    /// <summary>Whether answers come in events when that is asked for. Pictures do too, but not in the events of this API's other streams.</summary>
    public bool IsStreamable => IsGenerating && !IsPicture;

    /// <summary>True when what is asked is a conversation, which is logged together with its tools.</summary>
    public bool IsConversation => this == Chat || this == Response || Api == ClientApi.Anthropic || Api == ClientApi.Gemini;

    /// <summary>
    /// The operation that a request asks for; null when there is none. The operator's route has matched already: what its catch-all holds
    /// says what is asked, or else the end of the path.
    /// </summary>
    public static ApiOperation? Find(HttpRequest request)
    {
        foreach (var (name, value) in request.RouteValues)
        {
            if (name == ResourceInPath) return FindResource(request.Path.Value!);
            if (name != ModelInPath && value is string rest) return Find("/" + rest);
        }

        foreach (var operation in All)
        {
            if (request.Path.Value!.EndsWith(operation.Suffix, StringComparison.OrdinalIgnoreCase)) return operation;
        }

        return FindResource(request.Path.Value!);
    }

    private static ApiOperation? Find(string path)
    {
        var below = path.AsSpan();
        if (below.StartsWith(VersionPrefix, StringComparison.OrdinalIgnoreCase) && below.Length > VersionPrefix.Length && below[VersionPrefix.Length] == '/')
            below = below[VersionPrefix.Length..];

        foreach (var operation in All)
        {
            if (below.Equals(operation.Path, StringComparison.OrdinalIgnoreCase)) return operation;
        }

        return FindResource(below);
    }

    private static ApiOperation? FindResource(ReadOnlySpan<char> path)
    {
        if (path.StartsWith(VersionPrefix + "/", StringComparison.OrdinalIgnoreCase)) path = path[VersionPrefix.Length..];
        foreach (var operation in Resources)
        {
            if (path.StartsWith(operation.Path, StringComparison.OrdinalIgnoreCase) && (path.Length == operation.Path.Length || path[operation.Path.Length] == '/')) return operation;
        }

        return null;
    }
}
