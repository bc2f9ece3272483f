namespace Proxy.Host.Resources;

/// <summary>An id in a call that stands for something a provider keeps.</summary>
/// <param name="Id">The provider's id.</param>
/// <param name="Field">Where the call names it.</param>
/// <param name="MayBeUnknown">True for what clients repeat of every answer, kept or not: only somebody else's is refused.</param>
internal readonly record struct ResourceReference(string Id, string Field, bool MayBeUnknown = false);
