using System.Globalization;
using System.Text;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Requests;

namespace Proxy.Host.Providers.Audio;

/// <summary>Speech to text in OpenAI's API: a form, and an answer that is JSON, plain text or subtitles, or events.</summary>
internal sealed class TranscriptApi : OpenAiApi
{
    private const double MaxSeconds = 24 * 60 * 60;

    public override ClientApi Family => OpenAi;

    public override bool TryReadAnswer(ReadOnlyMemory<byte> body, AnswerDigest digest) => digest.IsPlainText ? ReadText(body.Span, digest) : ReadJson(body, digest);

    public override bool IsEnd(ReadOnlySpan<byte> tail) => true;

    public override IEventReader ReadEvents(CompletionRequest request, AnswerDigest digest) => new AudioStream(digest, 1);

    private static bool ReadJson(ReadOnlyMemory<byte> body, AnswerDigest digest)
    {
        if (!OpenAiAnswer.TryRead(body, digest)) return false;

        var reader = new Utf8JsonReader(body.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isText = reader.ValueTextEquals("text"u8);
            var isDuration = reader.ValueTextEquals("duration"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            if (isDuration) digest.HeardSeconds ??= Seconds(reader);
            reader.Skip();
            if (!isText) continue;

            digest.Output = body[start..(int)reader.BytesConsumed];
            digest.OutputBytes = digest.Output.Length;
        }

        return true;
    }

    /// <summary>Subtitles say when the last of them ends.</summary>
    private static bool ReadText(ReadOnlySpan<byte> body, AnswerDigest digest)
    {
        digest.Output = JsonString.Utf8Of(Encoding.UTF8.GetString(body));
        digest.OutputBytes = body.Length;
        var arrow = body.LastIndexOf("--> "u8);
        if (arrow < 0) return true;

        var time = body[(arrow + 4)..];
        var length = time.IndexOfAny("\r\n "u8);
        var text = Encoding.UTF8.GetString(length < 0 ? time : time[..length]).Replace(',', '.');
        if (text.Count(letter => letter == ':') == 1) text = "00:" + text;
        if (TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var end) && end > TimeSpan.Zero) digest.HeardSeconds = Bounded(end.TotalSeconds);
        return true;
    }

    private static decimal? Seconds(in Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var number)) return Bounded(number);
        return reader.TokenType == JsonTokenType.String && double.TryParse(reader.GetString(), CultureInfo.InvariantCulture, out var text) ? Bounded(text) : null;
    }

    private static decimal? Bounded(double seconds) => seconds is > 0 and <= MaxSeconds ? (decimal)seconds : null;
}
