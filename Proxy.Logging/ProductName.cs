namespace Proxy.Logging;

/// <summary>Who we say we are to Langfuse.</summary>
internal static class ProductName
{
    public const string Name = "proxy";

    public static readonly string Version = typeof(ProductName).Assembly.GetName().Version!.ToString(3);
}
