using System.Globalization;
using Proxy.Management.Errors;

namespace Proxy.Management.Bodies;

/// <summary>A whole number of a query, such as that of a page: from 1 to a bound.</summary>
internal static class QueryNumber
{
    /// <returns>Null when the text is no such number.</returns>
    public static int? Read(string? text, int otherwise, int most) =>
        text is null ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most ? number
        : null;

    public static ProxyError OutOfRange(string name, int most) =>
        new(422, ProxyError.InvalidRequest, $"'{name}' must be a whole number from 1 to {most}.", name);
}
