using System.Text;

namespace Proxy.Host.Requests;

/// <summary>What a top-level field of a request body is to the gateway.</summary>
internal enum FieldKind
{
    /// <summary>Not ours: passed on, and logged as a parameter.</summary>
    Parameter,
    Model,
    Stream,
    StreamOptions,
    User,
    Metadata,
    Tags,
    Store,

    /// <summary>What is asked: messages, prompt, input, tools. Passed on, and logged as input.</summary>
    Input,

    /// <summary>Metadata under the name that LiteLLM's clients use beside OpenAI's own. Not passed on.</summary>
    GatewayMetadata,

    /// <summary>An instruction to the gateway, which a provider would refuse as unknown: not passed on.</summary>
    GatewayOnly,

    /// <summary>How the client wants the call to be routed. Not passed on.</summary>
    Routing,

    /// <summary>Would send the call, and with it the provider's credential, to a place that the client chose.</summary>
    Forbidden,
}

/// <summary>Where a top-level field stands in the body. Names are without their quotes, values with theirs.</summary>
internal readonly record struct RequestField(FieldKind Kind, int NameStart, int NameLength, int ValueStart, int ValueEnd);

/// <summary>The names that mean something to the gateway.</summary>
internal static class FieldKinds
{
    extension(FieldKind kind)
    {
        /// <summary>Whether no provider gets it, since it steers the gateway.</summary>
        public bool IsForGateway => kind is FieldKind.GatewayOnly or FieldKind.GatewayMetadata or FieldKind.Tags or FieldKind.Routing;
    }

    private static readonly (byte[] Name, FieldKind Kind)[] Known =
    [
        .. Of(FieldKind.Model, "model"),
        .. Of(FieldKind.Stream, "stream"),
        .. Of(FieldKind.StreamOptions, "stream_options"),
        .. Of(FieldKind.User, "user"),
        .. Of(FieldKind.Metadata, "metadata"),
        .. Of(FieldKind.Tags, "tags"),
        .. Of(FieldKind.Store, "store"),
        .. Of(FieldKind.Input, "messages", "prompt", "input", "query", "documents", "instructions", "tools", "functions", "system", "contents", "systemInstruction", "system_instruction"),
        .. Of(FieldKind.GatewayMetadata, "litellm_metadata"),
        .. Of(FieldKind.Routing, "num_retries", "timeout", "fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "disable_fallbacks"),
        .. Of(FieldKind.GatewayOnly, "models", "no-log", "guardrails", "cache", "litellm_call_id", "litellm_logging_obj", "proxy_server_request", "mock_response",
            "mock_testing_fallbacks", "litellm_session_id", "litellm_trace_id"),
        // The provider's, but the estimate and the bill go by them.
        .. Of(FieldKind.Parameter, "max_tokens", "max_completion_tokens", "max_output_tokens", "n", "best_of", "service_tier", "background"),
        .. Of(FieldKind.Forbidden, "api_base", "base_url", "api_key", "api_version", "user_config"),
    ];

    /// <param name="name">The name after its escapes are undone.</param>
    /// <param name="isMisspelt">True when the name is a steering one but for upper and lower case: a provider's parser may not mind the
    /// difference, and would then see another value than we do.</param>
    /// <param name="mark">A bit of its own for each name that must not stand twice, since a provider's parser might take the other value; otherwise none.</param>
    public static FieldKind Of(ReadOnlySpan<byte> name, out bool isMisspelt, out ulong mark)
    {
        (isMisspelt, mark) = (false, 0);
        for (var place = 0; place < Known.Length; place++)
        {
            var (known, kind) = Known[place];
            if (known.Length != name.Length || !Ascii.EqualsIgnoreCase(known, name)) continue;

            isMisspelt = !name.SequenceEqual(known);
            if (kind != FieldKind.GatewayOnly) mark = 1UL << place;
            return kind;
        }

        return IsPrivate(name) ? FieldKind.GatewayOnly : FieldKind.Parameter;
    }

    /// <summary>True for what no provider sees, whatever it speaks.</summary>
    public static bool IsGateways(string name) =>
        Of(Encoding.UTF8.GetBytes(name), out _, out _) is FieldKind.GatewayOnly or FieldKind.GatewayMetadata or FieldKind.Tags or FieldKind.Routing;

    /// <summary>Fields that only the gateway may set.</summary>
    private static bool IsPrivate(ReadOnlySpan<byte> name) =>
        name.StartsWith("user_api_key"u8) || name.StartsWith("langfuse_"u8) || name.StartsWith("_"u8);

    private static IEnumerable<(byte[] Name, FieldKind Kind)> Of(FieldKind kind, params string[] names) =>
        names.Select(name => (Encoding.UTF8.GetBytes(name), kind));
}
