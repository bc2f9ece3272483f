namespace Proxy.Host.Hosting;

/// <summary>Endpoints that are made once, at start.</summary>
/// <remarks>
/// A group makes its endpoints anew for everybody who asks, and compiles each handler every time: at start, at the first request, and
/// whenever routes change. It also means that one without an access policy is found by its first caller; here it stops the start.
/// </remarks>
internal sealed class FixedEndpoints(IEndpointRouteBuilder routes) : IEndpointRouteBuilder
{
    public IServiceProvider ServiceProvider => routes.ServiceProvider;

    public ICollection<EndpointDataSource> DataSources { get; } = [];

    public IApplicationBuilder CreateApplicationBuilder() => routes.CreateApplicationBuilder();
}

internal static class FixedEndpointsMapping
{
    public static void MapOnce(this IEndpointRouteBuilder routes, Action<IEndpointRouteBuilder> map)
    {
        var fixedOnes = new FixedEndpoints(routes);
        map(fixedOnes);
        routes.DataSources.Add(new DefaultEndpointDataSource(fixedOnes.DataSources.SelectMany(source => source.Endpoints).ToList()));
    }
}
