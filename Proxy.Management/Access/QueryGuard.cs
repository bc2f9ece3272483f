using Microsoft.AspNetCore.Http;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;

namespace Proxy.Management.Access;

/// <summary>Refuses parameters that no endpoint could mean: they would reach the database as they are, and one of its engines has no NUL.</summary>
public static class QueryGuard
{
    private const int MaxLength = 4096;

    /// <returns>Null when every parameter could be meant.</returns>
    public static ProxyError? FindFault(IQueryCollection query)
    {
        foreach (var (name, values) in query)
        {
            var shown = name.Length > FieldReader.MaxTextLength || name.Any(char.IsControl) ? "a parameter" : name;
            foreach (var value in values)
            {
                if (value is { Length: > MaxLength }) return ProxyError.BadRequest($"'{shown}' must not be longer than {MaxLength} characters.", shown);
                if (value?.Any(char.IsControl) == true) return ProxyError.BadRequest($"'{shown}' must not hold control characters.", shown);
            }
        }

        return null;
    }
}
