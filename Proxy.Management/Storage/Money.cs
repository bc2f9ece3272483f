namespace Proxy.Management.Storage;

/// <summary>Dollars in code are <see cref="decimal"/>; in the database they are whole picodollars, so that sums are exact.</summary>
public static class Money
{
    /// <summary>The largest amount that one field may hold, in dollars; 64 bits of picodollars end a little above it.</summary>
    public const decimal Max = 9_000_000m;

    private const decimal PicosPerDollar = 1_000_000_000_000m;

    /// <exception cref="OverflowException">The amount does not fit into 64 bits.</exception>
    public static long ToPico(decimal dollars) => checked((long)decimal.Round(dollars * PicosPerDollar, MidpointRounding.ToEven));

    public static decimal FromPico(long picos) => picos / PicosPerDollar;
}
