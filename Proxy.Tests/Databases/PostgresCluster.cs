using System.Diagnostics;
using Npgsql;

namespace Proxy.Tests.Databases;

/// <summary>A throw-away PostgreSQL server of this test run: made when the first test asks for it, gone with the run, even when that is killed.</summary>
internal sealed class PostgresCluster
{
    private const string User = "postgres";
    private static readonly Lazy<Task<PostgresCluster>> Shared = new(StartAsync);
    private static int DatabaseCount;

    private readonly Process _process;
    private readonly string _folder;

    private PostgresCluster(Process process, string folder) => (_process, _folder) = (process, folder);

    /// <summary>Why there can be none on this machine; null when there can.</summary>
    public static string? Missing { get; } = BinFolder is null
        ? "PostgreSQL is not installed on this machine (Debian: apt-get install postgresql-15)"
        : null;

    private static string? BinFolder => (Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [])
        .OrderDescending(StringComparer.Ordinal)
        .Select(version => Path.Combine(version, "bin"))
        .FirstOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")) && File.Exists(Path.Combine(bin, "postgres")));

    /// <summary>A new, empty database of its own.</summary>
    public static async Task<PostgresDatabase> CreateDatabaseAsync()
    {
        var cluster = await Shared.Value;
        var name = $"test_{Interlocked.Increment(ref DatabaseCount)}";
        await cluster.RunAsync($"create database {name}");
        return new PostgresDatabase(cluster, name);
    }

    public static async Task StopAsync()
    {
        if (!Shared.IsValueCreated) return;

        // The end of its input is what ends it: that also comes when this process is killed.
        var cluster = await Shared.Value;
        cluster._process.StandardInput.Close();
        await cluster._process.WaitForExitAsync();
        cluster._process.Dispose();
    }

    public string SettingOf(string database) => $"Host={_folder};Username={User};Database={database}";

    public string UrlOf(string database) => $"postgres://{User}@{Uri.EscapeDataString(_folder)}/{database}";

    /// <summary>Runs a statement as the operator would, in the database of operators.</summary>
    public async Task RunAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(SettingOf("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<PostgresCluster> StartAsync()
    {
        var folder = CreateFolder();

        // The server refuses to run as root.
        var asOwner = Environment.UserName == "root" ? $"chown {User} {folder}; as='setpriv --reuid={User} --regid={User} --clear-groups'" : "as=";
        const string Settings = "-c listen_addresses= -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=400 -c shared_buffers=64MB";
        var script = $"""
            {asOwner}
            $as {BinFolder}/initdb -D {folder}/data -U {User} --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync > /dev/null || exit 1
            $as {BinFolder}/postgres -D {folder}/data -k {folder} {Settings} > {folder}/log 2>&1 < /dev/null &
            server=$!
            cat > /dev/null
            kill -INT $server
            wait $server
            rm -rf {folder}
            """;
        var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true })!;
        var cluster = new PostgresCluster(process, folder);
        await cluster.WaitAsync();
        return cluster;
    }

    /// <summary>In memory if there is room: a new database is 300 files, and making them on a disk took two fifths of a test's time.</summary>
    private static string CreateFolder()
    {
        const string Memory = "/dev/shm";
        var parent = Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace > 2L << 30 ? Memory : Path.GetTempPath();
        var folder = Path.Combine(parent, $"proxy-pg-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }

    private async Task WaitAsync()
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var deadline = Stopwatch.StartNew(); ;)
        {
            try
            {
                await RunAsync("select 1");
                return;
            }
            catch (NpgsqlException) when (deadline.Elapsed < TimeSpan.FromSeconds(60) && !_process.HasExited)
            {
                await pause.WaitForNextTickAsync();
            }
        }
    }
}

/// <summary>A database for one test.</summary>
internal sealed class PostgresDatabase(PostgresCluster cluster, string name) : IAsyncDisposable
{
    public string Setting => cluster.SettingOf(name);

    public string Url => cluster.UrlOf(name);

    /// <summary>As when the server goes away: connections are lost and new ones refused.</summary>
    public async Task CutAsync()
    {
        await cluster.RunAsync($"alter database {name} allow_connections false");
        await cluster.RunAsync($"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    }

    public Task RestoreAsync() => cluster.RunAsync($"alter database {name} allow_connections true");

    public async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(Setting + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask DisposeAsync() => await cluster.RunAsync($"drop database {name} with (force)");
}
