namespace Proxy.Logging.Shipping;

/// <summary>A target is at an address that targets of its kind may not be at.</summary>
#pragma warning disable CA1032 // It is thrown in one place, which knows the host.
internal sealed class ForbiddenAddressException(string host) : IOException($"Log targets must not be at '{host}'.");
#pragma warning restore CA1032
