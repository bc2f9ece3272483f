using System.Globalization;
using System.Text.Json;
using Proxy.Host.Providers;

namespace Proxy.Host.Requests;

/// <summary>How much a call may answer, as far as it says so: what an estimate of its cost goes by.</summary>
/// <remarks>
/// These fields are the provider's; the gateway only looks. What lowers an estimate is believed only where the provider of the call obeys it: a
/// field of another API is passed over by it, and so bounds nothing. What raises one is believed wherever it stands.
/// </remarks>
internal sealed class OutputBounds
{
    /// <summary>What an answer usually comes to, where a call states no bound.</summary>
    private const long Usual = 500;

    /// <summary>The longest answer of a model of which nothing is known.</summary>
    private const long Longest = 4096;

    /// <summary>More than any model answers; beyond it a number is a mistake or an attack on the arithmetic.</summary>
    private const long Most = 1_000_000;
    private const long MostChoices = 16_384;

    /// <summary>More is mostly refused, and must not fill the rates of a deployment that others use too.</summary>
    private const long UsuallyMostAnswers = 128;

    private readonly GenerationConfig _config = new();
    private long? _tokens;
    private long? _completionTokens;
    private long? _outputTokens;
    private long _choices = 1;
    private long _prompts = 1;

    /// <summary>How many answers are asked for, or pictures.</summary>
    public long Choices => Math.Max(_choices, _config.Candidates);

    /// <summary>What all choices together usually come to; what rates are held by, since they heal within a minute.</summary>
    /// <param name="operation">What is called, for it says which bound counts.</param>
    /// <param name="dialect">Of the provider, which may not know every bound of the API.</param>
    /// <param name="modelsMost">The most that the model ever answers, if that is known.</param>
    public long UsualOf(ApiOperation operation, ProviderDialect dialect, long? modelsMost) =>
        Math.Min(Stated(operation, dialect) ?? Usual, modelsMost ?? Most) * Math.Min(UsuallyMostAnswers, AnswersOf(operation));

    /// <summary>The most that all choices together can come to; what budgets are held by. Without a bound of its own a call has the model's.</summary>
    public long MostOf(ApiOperation operation, ProviderDialect dialect, long? modelsMost) =>
        Math.Min(Stated(operation, dialect) ?? modelsMost ?? Longest, modelsMost ?? Most) * AnswersOf(operation);

    /// <summary>The reader stands on the value of a field, and stays there.</summary>
    public void Note(ReadOnlySpan<byte> name, in Utf8JsonReader reader)
    {
        if (name.SequenceEqual("max_tokens"u8)) _tokens = BoundAt(reader);
        else if (name.SequenceEqual("max_completion_tokens"u8)) _completionTokens = BoundAt(reader);
        else if (name.SequenceEqual("max_output_tokens"u8)) _outputTokens = BoundAt(reader);
        else if (name.SequenceEqual("n"u8) || name.SequenceEqual("best_of"u8)) _choices = Math.Max(_choices, CountAt(reader));
        else if (name.SequenceEqual("generationConfig"u8) || name.SequenceEqual("generation_config"u8)) _config.Read(reader);
    }

    /// <summary>The reader stands on what is asked: of several prompts at once each has an answer of its own.</summary>
    public void NotePrompts(Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return;

        var prompts = 0L;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            // One prompt may also be told as the numbers of its tokens.
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.StartArray) prompts++;
            reader.Skip();
        }

        _prompts = Math.Max(1, prompts);
    }

    /// <summary>Of several bounds the largest counts, and none that is not of the call's own API.</summary>
    private long? Stated(ApiOperation operation, ProviderDialect dialect)
    {
        if (operation.Api == ClientApi.Gemini) return _config.Tokens;

        var own = operation == ApiOperation.Chat ? _tokens ?? (dialect.TakesMaxCompletionTokens ? _completionTokens : null)
            : operation == ApiOperation.Completion || operation == ApiOperation.Messages ? _tokens
            : operation == ApiOperation.Response ? _outputTokens
            : null;
        return own is { } bound ? Math.Max(bound, Math.Max(_tokens ?? 0, Math.Max(_completionTokens ?? 0, _outputTokens ?? 0))) : null;
    }

    private long AnswersOf(ApiOperation operation) => operation == ApiOperation.Completion ? Choices * _prompts : Choices;

    /// <returns>Null for what is no bound: to several providers nought and less stand for none.</returns>
    private static long? BoundAt(in Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value) && value >= 1 ? (long)Math.Ceiling(Math.Min(value, Most)) : null;

    /// <summary>Lenient providers take a number for what it is also between quotes.</summary>
    private static long CountAt(in Utf8JsonReader reader)
    {
        var value = reader.TokenType switch
        {
            JsonTokenType.Number when reader.TryGetDouble(out var number) => number,
            JsonTokenType.String when double.TryParse(reader.GetString(), CultureInfo.InvariantCulture, out var number) => number,
            _ => 1,
        };
        return value >= 1 ? (long)Math.Ceiling(Math.Min(value, MostChoices)) : 1;
    }

    /// <summary>What Google's own API knows of bounds. It takes each name in both of its spellings.</summary>
    private sealed class GenerationConfig
    {
        private bool _hasTokens;

        /// <summary>None where it is stated twice: who knows which one is obeyed?</summary>
        public long? Tokens { get; private set; }

        public long Candidates { get; private set; } = 1;

        public void Read(Utf8JsonReader reader)
        {
            if (reader.TokenType != JsonTokenType.StartObject) return;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isTokens = reader.ValueTextEquals("maxOutputTokens"u8) || reader.ValueTextEquals("max_output_tokens"u8);
                var isCandidates = reader.ValueTextEquals("candidateCount"u8) || reader.ValueTextEquals("candidate_count"u8);
                reader.Read();
                if (isTokens)
                {
                    Tokens = _hasTokens ? null : BoundAt(reader);
                    _hasTokens = true;
                }

                if (isCandidates) Candidates = Math.Max(Candidates, CountAt(reader));
                reader.Skip();
            }
        }
    }
}
