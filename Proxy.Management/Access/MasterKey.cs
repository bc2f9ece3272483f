using System.Buffers.Text;
using System.Security.Cryptography;
using Proxy.Management.Keys;
using Proxy.Management.Storage;

namespace Proxy.Management.Access;

/// <summary>The key that may do everything. Only its hash is kept.</summary>
public sealed class MasterKey
{
    public const string EnvironmentName = "PROXY_MASTER_KEY";

    private const string FileName = "master-key";

    private readonly byte[] _sha256;

    private MasterKey(string key, string? newKey)
    {
        _sha256 = KeyHash.Of(key).ToArray();
        NewKey = newKey;
    }

    /// <summary>The plain key when it was made just now, so that the program can show it once; otherwise null.</summary>
    public string? NewKey { get; }

    /// <summary>Takes the key of the environment, else the one in the data folder, else makes one there.</summary>
    /// <param name="dataFolder">Where the file <c>master-key</c> is.</param>
    /// <param name="environmentValue">The value of <c>PROXY_MASTER_KEY</c>; null when it is not set.</param>
    /// <exception cref="ArgumentException">The key is empty; the message is a sentence for the operator.</exception>
    public static MasterKey LoadOrCreate(string dataFolder, string? environmentValue)
    {
        if (environmentValue is not null) return Use(environmentValue, $"The environment variable {EnvironmentName}");

        var path = Path.Combine(dataFolder, FileName);
        if (File.Exists(path)) return Use(File.ReadAllText(path), $"The file {path}");

        DataFolder.Create(Path.GetFullPath(dataFolder));
        var key = "sk-" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        try
        {
            Write(path, key);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was faster: its key is the key.
            return Use(File.ReadAllText(path), $"The file {path}");
        }

        return new MasterKey(key, key);
    }

    /// <summary>Whether this is the master key, in a time that does not tell how close it is.</summary>
    internal bool Matches(in KeyHash hash)
    {
        Span<byte> sha256 = stackalloc byte[KeyHash.Size];
        hash.CopyTo(sha256);
        return CryptographicOperations.FixedTimeEquals(sha256, _sha256);
    }

    private static MasterKey Use(string value, string source)
    {
        var key = value.Trim();
        if (key.Length == 0) throw new ArgumentException($"{source} is empty: an empty master key would let everybody in.", nameof(value));

        return new MasterKey(key, newKey: null);
    }

    private static void Write(string path, string key)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

        using var file = new StreamWriter(path, options);
        file.WriteLine(key);
    }
}
