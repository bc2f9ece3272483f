namespace Proxy.Management.Bodies;

/// <summary>Whether a body states a field.</summary>
internal enum FieldPresence
{
    Absent,
    Null,
    Present,
}
