using System.ComponentModel.DataAnnotations;

namespace Proxy.Host.Rehearsals;

/// <summary>Section <c>Rehearsal</c>: calls to itself before the program says that it is ready. A change takes a restart.</summary>
internal sealed class RehearsalOptions
{
    public const string Section = "Rehearsal";

    /// <summary>Whether the way of a call is rehearsed after the start, so that the first calls of clients find it compiled. The default value is true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>After this long the program says that it is ready, however far the rehearsal came. The default value is 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(10);
}
