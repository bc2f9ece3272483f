using System.Text;
using Microsoft.AspNetCore.Http;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Clients;

/// <summary>What the npm client does with sound, at providers that have it.</summary>
internal static class AudioScenarios
{
    public static readonly string[] Providers = ["openai", "azure"];

    public static readonly (string Name, string Result)[] All =
    [
        ("transcription", "heard 4 bytes | in 14 out 5"),
        ("translation", "heard 4 bytes in English"),
        ("streamed transcription", "heard it | in 14 out 5"),
        ("speech", "RIFF of alloy"),
        ("streamed speech", "UklGRg== | in 9 out 5"),
    ];

    private const string Usage = """ "usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},"output_tokens":5,"total_tokens":19}""";

    public static Task AnswerAsync(HttpContext context, ProviderCall call)
    {
        var isStreamed = call.Body.Contains("\"stream_format\":\"sse\"") || call.Body.Contains("name=\"stream\"");
        if (call.Path.EndsWith("/speech", StringComparison.Ordinal)) return isStreamed ? StreamAsync(context, SpeechEvents) : SpeakAsync(context, call);
        if (!call.Body.Contains("RIFF")) return FakeProvider.Json(context, OpenAiBodies.Error("The recording was lost"), 400);
        if (call.Path.EndsWith("/translations", StringComparison.Ordinal)) return FakeProvider.Json(context, """{"text":"heard 4 bytes in English"}""");

        return isStreamed ? StreamAsync(context, TranscriptEvents) : FakeProvider.Json(context, $$"""{"text":"heard 4 bytes",{{Usage}}}""");
    }

    private static string[] TranscriptEvents =>
        ["""{"type":"transcript.text.delta","delta":"heard "}""", """{"type":"transcript.text.delta","delta":"it"}""", $$"""{"type":"transcript.text.done","text":"heard it",{{Usage}}}"""];

    private static string[] SpeechEvents =>
        ["""{"type":"speech.audio.delta","audio":"UklGRg=="}""", """{"type":"speech.audio.done","usage":{"input_tokens":9,"output_tokens":5,"total_tokens":14}}"""];

    private static Task SpeakAsync(HttpContext context, ProviderCall call)
    {
        context.Response.ContentType = "audio/wav";
        return context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes($"RIFF of {call.Json["voice"]}")).AsTask();
    }

    private static Task StreamAsync(HttpContext context, string[] events) => FakeProvider.Stream(context, events);
}
