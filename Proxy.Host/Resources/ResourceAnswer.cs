using System.Buffers;
using System.Text.Json;
using Proxy.Host.Exchanges;
using Proxy.Host.Providers;
using Proxy.Host.Translation;

namespace Proxy.Host.Resources;

/// <summary>Reads what a provider says of what it keeps.</summary>
internal static class ResourceAnswer
{
    /// <summary>Notes the ids that are the caller's from here on, and whether what was asked for goes on at the provider.</summary>
    public static void Read(JsonElement answer, Exchange exchange, ResourceCall call)
    {
        var (digest, operation) = (exchange.Answer, exchange.Operation!);
        var isMade = HttpMethods.IsPost(call.Method) && call.Path.Id is null;
        if (isMade && !call.Path.BeginsRun) digest.Note(operation.ResourceKind, answer.Get("id"u8).Text);
        if (isMade && call.Path.BeginsRun) digest.Note(ResourceKinds.Thread, answer.Get("thread_id"u8).Text);
        if (operation == ApiOperation.Batches || operation == ApiOperation.FineTuning) NoteFiles(answer, exchange);

        // The words for what is not over yet, of all kinds; what is over is billed.
        digest.IsUnfinished = operation == ApiOperation.Batches
            ? answer.Get("status"u8).Text is "validating" or "in_progress" or "finalizing" or "cancelling"
            : answer.Get("status"u8).Text is "queued" or "in_progress" or "requires_action" or "cancelling";
    }

    /// <summary>A list without what is somebody else's. Its marks for the next page stay: whoever follows them sees no more than this.</summary>
    public static ReadOnlyMemory<byte> Only(JsonElement list, IReadOnlySet<string> own)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, TranslatedCall.Readable))
        {
            json.WriteStartObject();
            foreach (var field in list.EnumerateObject())
            {
                if (field.NameEquals("data"u8) && field.Value.ValueKind == JsonValueKind.Array) WriteOwn(field.Value, own, json);
                else if (!field.NameEquals("first_id"u8)) field.WriteTo(json);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteOwn(JsonElement data, IReadOnlySet<string> own, Utf8JsonWriter json)
    {
        json.WriteStartArray("data"u8);
        foreach (var entry in data.EnumerateArray())
        {
            if (entry.Get("id"u8).Text is { } id && own.Contains(id)) entry.WriteTo(json);
        }

        json.WriteEndArray();
    }

    /// <summary>What a batch puts out, and what a training says of itself, are files of whoever asked for it.</summary>
    private static void NoteFiles(JsonElement answer, Exchange exchange)
    {
        exchange.Answer.Note(ResourceKinds.File, answer.Get("output_file_id"u8).Text);
        exchange.Answer.Note(ResourceKinds.File, answer.Get("error_file_id"u8).Text);
        if (answer.Get("result_files"u8) is not { ValueKind: JsonValueKind.Array } files) return;

        foreach (var file in files.EnumerateArray()) exchange.Answer.Note(ResourceKinds.File, file.Text);
    }
}
