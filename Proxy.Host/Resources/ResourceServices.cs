namespace Proxy.Host.Resources;

/// <summary>What the way of calls about kept things needs.</summary>
internal static class ResourceServices
{
    public static void AddResources(this IServiceCollection services)
    {
        services.AddSingleton<ResourceGuard>();
        services.AddSingleton<ResourceRouting>();
        services.AddSingleton<Settlements>();
        services.AddSingleton<FileRelay>();
        services.AddSingleton<ResourceRelay>();
    }
}
