using System.Text;
using System.Text.Json;
using Proxy.Management.Errors;

namespace Proxy.Host.Requests;

/// <summary>What headers say beside the body: the customer, tags, and metadata for the spend log. docs/steering.md says who wins.</summary>
internal static class SteeringHeaders
{
    private const int MaxTags = 50;
    private const int MaxTag = 256;
    private const int MaxSpendMetadata = 4096;
    private const string SpendMetadata = "x-litellm-spend-logs-metadata";

    private static readonly string[] CustomerHeaders = ["x-litellm-customer-id", "x-litellm-end-user-id"];

    public static ProxyError? Read(IHeaderDictionary headers, CompletionRequest request)
    {
        foreach (var name in CustomerHeaders)
        {
            if (headers[name] is not [{ Length: > 0 } customer, ..]) continue;
            if (CustomerId.Set(request, customer, "header", name) is { } fault) return fault;
            break;
        }

        foreach (var value in headers["x-litellm-tags"])
        {
            foreach (var tag in (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                AddTag(request.Metadata.TagsToFill, tag);
        }

        return headers[SpendMetadata] is [{ Length: > 0 } json, ..] ? ReadSpendMetadata(request, json) : null;
    }

    public static void AddTag(List<string> tags, string tag)
    {
        if (tag.Length <= MaxTag && !tag.Contains('\0') && tags.Count < MaxTags && !tags.Contains(tag)) tags.Add(tag);
    }

    private static ProxyError? ReadSpendMetadata(CompletionRequest request, string json)
    {
        try
        {
            if (Encoding.UTF8.GetByteCount(json) <= MaxSpendMetadata)
            {
                using var document = JsonDocument.Parse(json);
                if (document.RootElement.ValueKind == JsonValueKind.Object)
                {
                    request.Metadata.FieldsToFill["spend_logs_metadata"] = document.RootElement.GetRawText();
                    return null;
                }
            }
        }
        catch (JsonException)
        {
            // It is told with the other faults of this header.
        }

        return ProxyError.BadRequest($"The header '{SpendMetadata}' must be a JSON object of at most {MaxSpendMetadata} bytes.", SpendMetadata);
    }
}
