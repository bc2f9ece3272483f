using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Bodies;

namespace Proxy.Management.ApiDescription;

/// <summary>What a handler takes from the query: its own parameters say it.</summary>
internal static class QueryParameters
{
    public static IEnumerable<DetailField> Of(EndpointDescription description, RouteEndpoint? endpoint)
    {
        var inPath = endpoint?.RoutePattern.Parameters.Select(parameter => parameter.Name).ToHashSet(StringComparer.OrdinalIgnoreCase) ?? [];
        var signature = endpoint?.Metadata.GetMetadata<MethodInfo>()?.GetParameters() ?? [];
        var found = signature.SelectMany(parameter => parameter.GetCustomAttribute<AsParametersAttribute>() is null
            ? Read(parameter.Name!, parameter.ParameterType, parameter)
            : parameter.ParameterType.GetProperties().SelectMany(property => Read(property.Name, property.PropertyType, property)));
        return found.Where(field => !inPath.Contains(field.Name)).Concat(description.Query);
    }

    private static IEnumerable<DetailField> Read(string name, Type type, ICustomAttributeProvider place)
    {
        var stated = place.GetCustomAttributes(false).OfType<IFromQueryMetadata>().FirstOrDefault();
        DetailShape? shape = (Nullable.GetUnderlyingType(type) ?? type) switch
        {
            { } text when text == typeof(string) => DetailShape.Text,
            { } flag when flag == typeof(bool) => DetailShape.Flag,
            { } count when count == typeof(int) || count == typeof(long) => DetailShape.Count,
            _ => null,
        };
        if (shape is { } known && (place is ParameterInfo || stated is not null)) yield return new DetailField(stated?.Name ?? name, known);
    }
}
