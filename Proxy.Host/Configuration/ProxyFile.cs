using Proxy.Management.Models;

namespace Proxy.Host.Configuration;

/// <summary>The file <c>proxy.json</c>: where it is, and what it says with the environment over it.</summary>
internal sealed class ProxyFile(string path)
{
    private const string DefaultName = "proxy.json";

    public string Path => path;

    /// <summary>The stamp of what the program started with, taken before it was read: an edit since then shows as a change.</summary>
    public (DateTime Written, long Length) FirstStamp { get; private set; }

    /// <summary>The named file, else proxy.json in the working directory, else the one beside the program.</summary>
    public static ProxyFile Locate(string? named)
    {
        if (named is not null) return new ProxyFile(System.IO.Path.GetFullPath(named));

        var local = System.IO.Path.GetFullPath(DefaultName);
        return new ProxyFile(File.Exists(local) ? local : System.IO.Path.Combine(AppContext.BaseDirectory, DefaultName));
    }

    /// <summary>Reads and checks the whole; the faults are sentences for the operator.</summary>
    /// <param name="stored">Deployments of the database, which are served beside those of the file.</param>
    public async Task<(ProxySettings? Settings, IConfiguration? Configuration, IReadOnlyList<string> Faults)> ReadAsync(IReadOnlyList<StoredModel> stored)
    {
        IConfiguration file, configuration;
        if (FirstStamp == default) FirstStamp = Stamp();
        try
        {
            using var bytes = new MemoryStream(await File.ReadAllBytesAsync(path));
            (file, configuration) = IndexedConfiguration.Read(bytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return (null, null, [$"The configuration file {path} cannot be read: {exception.Message}"]);
        }
        catch (Exception exception) when (exception is FormatException or InvalidDataException or System.Text.Json.JsonException)
        {
            return (null, null, [$"The configuration file {path} is not valid JSON: {exception.InnerException?.Message ?? exception.Message}"]);
        }

        var (settings, faults) = await ProxySettingsReader.ReadAsync(configuration, file, stored);
        return (settings, configuration, faults);
    }

    /// <summary>Changes whenever the file does, also where it is a link that is turned to another file, as in a mounted volume.</summary>
    public (DateTime Written, long Length) Stamp()
    {
        try
        {
            var info = new FileInfo(path);
            if (info.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) info = target;
            return info.Exists ? (info.LastWriteTimeUtc, info.Length) : default;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }
}
