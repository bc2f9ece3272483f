using System.Text.Json;
using Proxy.Host.Providers;

namespace Proxy.Host.Requests;

/// <summary>How much a call may answer, as far as it says so: what an estimate of its cost goes by.</summary>
/// <remarks>These fields are the provider's; the gateway only looks. Of several bounds the largest counts.</remarks>
internal sealed class OutputBounds
{
    /// <summary>What an answer usually comes to, where a call states no bound.</summary>
    private const long Usual = 500;

    /// <summary>The longest answer of a model of which nothing is known.</summary>
    private const long Longest = 4096;

    /// <summary>More than any model answers; beyond it a number is a mistake or an attack on the arithmetic.</summary>
    private const long Most = 1_000_000;
    private const long MostChoices = 128;

    private long? _tokens;
    private long? _outputTokens;
    private long _choices = 1;

    /// <summary>How many answers are asked for, or pictures.</summary>
    public long Choices => _choices;

    /// <summary>What all choices together usually come to; what rates are held by, since they heal within a minute.</summary>
    /// <param name="operation">What is called, for it says which bound counts.</param>
    /// <param name="modelsMost">The most that the model ever answers, if that is known.</param>
    public long UsualOf(ApiOperation operation, long? modelsMost) => Math.Min(Stated(operation) ?? Usual, modelsMost ?? Most) * _choices;

    /// <summary>The most that all choices together can come to; what budgets are held by. Without a bound of its own a call has the model's.</summary>
    public long MostOf(ApiOperation operation, long? modelsMost) => Math.Min(Stated(operation) ?? modelsMost ?? Longest, modelsMost ?? Most) * _choices;

    /// <summary>The reader stands on the value of a field, and stays there.</summary>
    public void Note(ReadOnlySpan<byte> name, in Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out var value) || !(value >= 0)) return;

        if (name.SequenceEqual("max_tokens"u8) || name.SequenceEqual("max_completion_tokens"u8))
            _tokens = Math.Max(_tokens ?? 0, (long)Math.Min(value, Most));
        else if (name.SequenceEqual("max_output_tokens"u8))
            _outputTokens = (long)Math.Min(value, Most);
        else if (name.SequenceEqual("n"u8) || name.SequenceEqual("best_of"u8))
            _choices = Math.Max(_choices, (long)Math.Min(value, MostChoices));
    }

    /// <summary>A bound of another API bounds nothing: a provider that does not know it passes it over.</summary>
    private long? Stated(ApiOperation operation) => operation == ApiOperation.Response ? _outputTokens : _tokens;
}
