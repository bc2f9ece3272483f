using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Proxy.Management.Storage;

/// <summary>Between values and the columns that hold them.</summary>
internal static partial class Columns
{
    public static string FromTexts(IReadOnlyList<string> texts) => JsonSerializer.Serialize(texts, TextListJson.Default.IReadOnlyListString);

    public static IReadOnlyList<string> ToTexts(string column) =>
        column == "[]" ? [] : JsonSerializer.Deserialize(column, TextListJson.Default.IReadOnlyListString)!;

    public static long? FromDollars(decimal? dollars) => dollars is { } amount ? Money.ToPico(amount) : null;

    public static decimal? ToDollars(long? column) => column is { } picos ? Money.FromPico(picos) : null;

    public static DateTimeOffset ToMoment(long column) => DateTimeOffset.FromUnixTimeMilliseconds(column);

    [return: NotNullIfNotNull(nameof(column))]
    public static DateTimeOffset? ToMoment(long? column) => column is { } milliseconds ? ToMoment(milliseconds) : null;

    [JsonSerializable(typeof(IReadOnlyList<string>))]
    private sealed partial class TextListJson : JsonSerializerContext;
}
