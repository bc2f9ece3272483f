using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Management.Spend;

namespace Proxy.Host.Providers.Gemini;

/// <summary>Reads Gemini's usage into buckets that add up: the prompt's total holds the cached and the spoken tokens, and the candidates' leaves out the thoughts.</summary>
internal static class GeminiUsage
{
    /// <summary>The reader stands before the object.</summary>
    public static void Read(ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        long prompt = 0, tools = 0, cached = 0, candidates = 0, thoughts = 0, heard = 0, spoken = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("promptTokenCount"u8)) prompt = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("toolUsePromptTokenCount"u8)) tools = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("cachedContentTokenCount"u8)) cached = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("candidatesTokenCount"u8)) candidates = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("thoughtsTokenCount"u8)) thoughts = ProviderJson.Number(ref reader);
            else if (reader.ValueTextEquals("promptTokensDetails"u8)) heard = ReadAudio(ref reader);
            else if (reader.ValueTextEquals("candidatesTokensDetails"u8)) spoken = ReadAudio(ref reader);
            else ProviderJson.Next(ref reader);
        }

        prompt += tools;
        if (prompt + candidates + thoughts == 0 || Math.Max(prompt, Math.Max(candidates, thoughts)) > ProviderJson.MaxTokens) return;

        // The first pieces of a stream count the prompt alone.
        digest.IsOutputUntold = candidates == 0;

        // A provider whose parts exceed the whole is not believed on the parts.
        cached = Math.Min(cached, prompt);
        heard = Math.Min(heard, prompt - cached);
        spoken = Math.Min(spoken, candidates);
        digest.Usage = new TokenUsage(prompt - cached - heard, cached, 0, candidates - spoken, thoughts) { AudioInput = heard, AudioOutput = spoken };
    }

    private static long ReadAudio(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return 0;
        }

        long audio = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var isAudio = false;
            long count = 0;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("modality"u8)) isAudio = ProviderJson.Text(ref reader) == "AUDIO";
                else if (reader.ValueTextEquals("tokenCount"u8)) count = ProviderJson.Number(ref reader);
                else ProviderJson.Next(ref reader);
            }

            if (isAudio) audio = Math.Min(audio + count, ProviderJson.MaxTokens);
        }

        return audio;
    }
}
