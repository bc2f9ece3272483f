using System.Text;

namespace Proxy.Tests.Management;

/// <summary>Looks for a text in every file that the server wrote.</summary>
internal static class DatabaseBytes
{
    public static async Task<bool> ContainAsync(ManagementServer server, string text)
    {
        if (server.Database.Postgres is not null) return await ContainRowsAsync(server, text);

        foreach (var file in Directory.EnumerateFiles(server.Folder, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) != ".lock"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var bytes = new MemoryStream();
            await stream.CopyToAsync(bytes);
            if (bytes.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0) return true;
        }

        return false;
    }

    /// <summary>The files are the server's own; every row of every table is what is in them.</summary>
    private static async Task<bool> ContainRowsAsync(ManagementServer server, string text)
    {
        var hex = Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text));
        foreach (var table in await server.Database.QueryAsync<string>("select table_name from information_schema.tables where table_schema = 'public'"))
        {
            var rows = await server.Database.QueryAsync<string>($"select cast(t as text) from {table} t");
            if (rows.Any(row => row.Contains(text, StringComparison.Ordinal) || row.Contains(hex, StringComparison.Ordinal))) return true;
        }

        return false;
    }
}
