using System.Text.Json;

namespace Proxy.Host.Translation.OnResponses;

/// <summary>Reads the events of a response. What was not told in pieces is taken from the item as it is done.</summary>
internal sealed class ResponseEvents(IResponseParts parts)
{
    private static readonly JsonElement BlankLine = JsonElement.Parse("\"\\n\\n\""u8);

    /// <summary>Items of which pieces came, and calls that have begun.</summary>
    private readonly HashSet<int> _told = [];
    private readonly HashSet<int> _begun = [];

    /// <summary>Why it stopped before its time, in the words of chat completions.</summary>
    public string? Finish { get; private set; }

    public void Read(JsonElement data)
    {
        var index = (int)(data.Get("output_index"u8).Number ?? 0);
        var delta = data.Get("delta"u8);
        switch (data.Get("type"u8).Text)
        {
            case "response.created" or "response.in_progress" or "response.queued":
                parts.Begin(data.Get("response"u8));
                break;

            case "response.completed" or "response.incomplete":
                parts.Begin(data.Get("response"u8));
                Finish = ResponseInput.FinishOf(data.Get("response"u8));
                break;

            case "response.output_item.added":
                if (data.Get("item"u8) is var item && item.Get("type"u8).Is("function_call"u8)) BeginCall(index, item);
                break;

            case "response.output_text.delta":
                _told.Add(index);
                parts.AddText(delta);
                break;

            case "response.refusal.delta":
                _told.Add(index);
                parts.AddRefusal(delta);
                break;

            case "response.reasoning_summary_part.added" when _told.Contains(index):
                parts.AddThought(BlankLine);
                break;

            case "response.reasoning_summary_text.delta" or "response.reasoning_text.delta":
                _told.Add(index);
                parts.AddThought(delta);
                break;

            case "response.function_call_arguments.delta":
                if (delta.HasText) _told.Add(index);
                parts.AddArguments(index, delta);
                break;

            case "response.output_item.done":
                ReadDone(index, data.Get("item"u8), _told.Remove(index));
                break;
        }
    }

    private void ReadDone(int index, JsonElement item, bool isTold)
    {
        var type = item.Get("type"u8);
        if (type.Is("function_call"u8))
        {
            BeginCall(index, item);
            if (!isTold) parts.AddArguments(index, item.Get("arguments"u8));
        }
        else if (type.Is("reasoning"u8))
        {
            if (!isTold) isTold = ReadThoughts(item);
            parts.EndThought(item.Get("encrypted_content"u8), isTold);
        }
        else if (type.Is("message"u8) && !isTold)
        {
            foreach (var part in item.Get("content"u8).Entries)
            {
                parts.AddText(part.Get("text"u8));
                parts.AddRefusal(part.Get("refusal"u8));
            }
        }
    }

    private bool ReadThoughts(JsonElement item)
    {
        var isTold = false;
        foreach (var part in SealedReasoning.Told(item).Entries)
        {
            if (isTold) parts.AddThought(BlankLine);
            parts.AddThought(part.Get("text"u8));
            isTold = true;
        }

        return isTold;
    }

    private void BeginCall(int index, JsonElement item)
    {
        if (_begun.Add(index)) parts.BeginCall(index, item);
    }
}
