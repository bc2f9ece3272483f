using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Proxy.Host.Requests;

/// <summary>Texts as JSON.</summary>
internal static partial class JsonString
{
    // What ids and names are made of: every call has some ten of them in its log.
    private static readonly SearchValues<char> Plain = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@ ");

    public static string Of(string text) => text.AsSpan().ContainsAnyExcept(Plain) ? JsonSerializer.Serialize(text, Context.Default.String) : $"\"{text}\"";

    public static byte[] Utf8Of(string text) => JsonSerializer.SerializeToUtf8Bytes(text, Context.Default.String);

    /// <exception cref="JsonException">It is no string.</exception>
    public static string? Read(string json) => JsonSerializer.Deserialize(json, Context.Default.String);

    [JsonSerializable(typeof(string))]
    private sealed partial class Context : JsonSerializerContext;
}
