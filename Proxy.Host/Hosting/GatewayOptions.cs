namespace Proxy.Host.Hosting;

/// <summary>What the command line says.</summary>
internal sealed record GatewayOptions(string? ConfigPath, string? Urls);
