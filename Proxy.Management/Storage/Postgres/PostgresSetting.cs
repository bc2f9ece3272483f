using Npgsql;

namespace Proxy.Management.Storage.Postgres;

/// <summary>The two forms in which people write where a PostgreSQL database is.</summary>
internal static class PostgresSetting
{
    private static readonly string[] Schemes = ["postgres", "postgresql"];

    /// <returns>Null when it is neither a URL nor a connection string with a host and a database.</returns>
    public static NpgsqlConnectionStringBuilder? Parse(string setting, string? password)
    {
        try
        {
            var parsed = setting.Contains("://", StringComparison.Ordinal) ? FromUrl(setting) : new NpgsqlConnectionStringBuilder(setting);
            if (parsed is null || string.IsNullOrEmpty(parsed.Host) || string.IsNullOrEmpty(parsed.Database)) return null;

            if (password is not null) parsed.Password = password;
            return parsed;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or KeyNotFoundException or InvalidCastException)
        {
            // What they say may repeat the password.
            return null;
        }
    }

    private static NpgsqlConnectionStringBuilder? FromUrl(string setting)
    {
        var (start, end) = (setting.IndexOf("://", StringComparison.Ordinal) + 3, setting.IndexOf('?', StringComparison.Ordinal));
        if (!Schemes.Contains(setting[..(start - 3)], StringComparer.OrdinalIgnoreCase)) return null;

        // Not by Uri: the host may be the folder of a socket, with its slashes escaped.
        var place = setting[start..(end < 0 ? setting.Length : end)];
        if (place.IndexOf('/', StringComparison.Ordinal) is var slash && slash < 0) return null;

        var (authority, database) = (place[..slash], place[(slash + 1)..]);
        var parsed = new NpgsqlConnectionStringBuilder { Database = Uri.UnescapeDataString(database) };
        var at = authority.LastIndexOf('@');
        if (at >= 0) ReadUser(parsed, authority[..at]);
        ReadHost(parsed, authority[(at + 1)..]);
        if (end >= 0) ReadOptions(parsed, setting[(end + 1)..]);
        return parsed;
    }

    private static void ReadUser(NpgsqlConnectionStringBuilder parsed, string user)
    {
        var parts = user.Split(':', 2);
        parsed.Username = Uri.UnescapeDataString(parts[0]);
        if (parts.Length == 2) parsed.Password = Uri.UnescapeDataString(parts[1]);
    }

    private static void ReadHost(NpgsqlConnectionStringBuilder parsed, string host)
    {
        // An IPv6 address stands in brackets, as its colons would be taken for a port.
        var colon = host.LastIndexOf(':');
        if (colon > host.LastIndexOf(']'))
        {
            parsed.Port = int.Parse(host[(colon + 1)..]);
            host = host[..colon];
        }

        parsed.Host = Uri.UnescapeDataString(host.Trim('[', ']'));
    }

    private static void ReadOptions(NpgsqlConnectionStringBuilder parsed, string query)
    {
        foreach (var option in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = option.Split('=', 2);
            var value = Uri.UnescapeDataString(parts.ElementAtOrDefault(1) ?? "");

            // The client library of PostgreSQL says sslmode=verify-full where this one says VerifyFull.
            parsed[parts[0] == "sslmode" ? "SSL Mode" : Uri.UnescapeDataString(parts[0]).Replace('_', ' ')] =
                parts[0] == "sslmode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
        }
    }
}
