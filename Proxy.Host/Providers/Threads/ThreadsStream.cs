using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers.OpenAi;
using Proxy.Host.Resources;

namespace Proxy.Host.Providers.Threads;

/// <summary>Reads the events of a run: what it cost when it is over, and the ids of what it made.</summary>
internal sealed class ThreadsStream(AnswerDigest digest) : IEventReader
{
    public EventKind Read(ReadOnlySpan<byte> sseEvent)
    {
        var data = SseScanner.Data(sseEvent);
        if (data.IsEmpty) return EventKind.Passes;
        if (data.SequenceEqual("[DONE]"u8)) return EventKind.EndMark;

        var name = SseScanner.Name(sseEvent);
        var isRun = name.StartsWith("thread.run."u8) && !name.StartsWith("thread.run.step."u8);
        var reader = new Utf8JsonReader(data);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return EventKind.Broken;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (isRun && reader.ValueTextEquals("usage"u8)) OpenAiAnswer.ReadUsage(ref reader, digest);
                else if (isRun && reader.ValueTextEquals("model"u8)) digest.Model = ProviderJson.Text(ref reader);
                else if (isRun && reader.ValueTextEquals("id"u8)) digest.Note(ResourceKinds.Run, ProviderJson.Text(ref reader));
                else if (isRun && reader.ValueTextEquals("thread_id"u8)) digest.Note(ResourceKinds.Thread, ProviderJson.Text(ref reader));
                else if (name.SequenceEqual("error"u8) && reader.ValueTextEquals("message"u8)) digest.ErrorMessage ??= ProviderJson.Text(ref reader);
                else if (name.SequenceEqual("error"u8) && reader.ValueTextEquals("error"u8)) ProviderJson.ReadError(ref reader, digest);
                else ProviderJson.Next(ref reader);
            }

            if (reader.Read()) return EventKind.Broken;
            if (name.SequenceEqual("error"u8)) digest.ErrorMessage ??= ProviderJson.UnnamedError;
            return digest.ErrorMessage is null ? EventKind.Passes : EventKind.Error;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return EventKind.Broken;
        }
    }

    public void Complete()
    {
    }

    public void Dispose()
    {
    }
}
