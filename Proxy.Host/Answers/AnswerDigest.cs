using Proxy.Host.Resources;
using Proxy.Management.Prices;
using Proxy.Management.Spend;

namespace Proxy.Host.Answers;

/// <summary>What the gateway takes from an answer: who gave it, what it cost, and the words for the log.</summary>
internal sealed class AnswerDigest
{
    /// <summary>The most that is kept of one streamed answer for the log: a stream's memory has to stay bounded, whatever its length.</summary>
    public const int MaxKeptBytes = 32 * 1024;

    private int _kept;

    /// <summary>The model that the provider names.</summary>
    public string? Model { get; set; }

    /// <summary>Null when the provider said nothing of it.</summary>
    public TokenUsage? Usage { get; set; }

    /// <summary>The usage says nothing yet of the answer, or only what of it had come at the time.</summary>
    public bool IsOutputUntold { get; set; }

    /// <summary>The service tier that the call got, which may be another than it asked for; null when the provider does not say.</summary>
    public ServiceTier? ServiceTier { get; set; }

    /// <summary>Whether the answer is text and not JSON, as transcripts can be.</summary>
    public bool IsPlainText { get; set; }

    /// <summary>The seconds of a recording that was heard, where the answer tells them beside its usage.</summary>
    public decimal? HeardSeconds { get; set; }

    /// <summary>How many things were made, such as pictures; null when the answer does not list any.</summary>
    public int? Items { get; set; }

    /// <summary>The size and the quality of pictures, where the provider tells them.</summary>
    public string? PictureSize { get; set; }

    public string? PictureQuality { get; set; }

    /// <summary>Searches that a reranker counts.</summary>
    public long? Searches { get; set; }

    /// <summary>The answer's words as JSON, for the log; empty when there are none.</summary>
    public ReadOnlyMemory<byte> Output { get; set; }

    /// <summary>Bytes of text that were answered: what an estimate goes by when usage is missing.</summary>
    public long OutputBytes { get; set; }

    /// <summary>What an error inside an answer says; shown in the log only.</summary>
    public string? ErrorMessage { get; set; }

    /// <summary>The status that such an error would have had as an answer, where it names one; null otherwise.</summary>
    public int? ErrorStatus { get; set; }

    /// <summary>The number of the last event, where the API numbers them; -1 before the first.</summary>
    public long LastEvent { get; set; } = -1;

    /// <summary>The ids of what the provider keeps of the answer.</summary>
    public List<ResourceId> Resources => field ??= [];

    /// <summary>True when the provider goes on working at it after its answer.</summary>
    public bool IsUnfinished { get; set; }

    public void Note(string kind, string? id)
    {
        if (id is { Length: > 0 and <= ResourceKinds.MaxId } && Resources.Count < ResourceKinds.MaxOfAnswer) Resources.Add(new ResourceId(kind, id));
    }

    /// <summary>Whether so many more bytes of a stream may be kept.</summary>
    public bool TryKeep(int count)
    {
        if (_kept + count > MaxKeptBytes) return false;

        _kept += count;
        return true;
    }
}
