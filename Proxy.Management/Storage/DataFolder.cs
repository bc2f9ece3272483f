namespace Proxy.Management.Storage;

/// <summary>Folders that hold keys and rows are for the owner alone.</summary>
internal static class DataFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes the folder when it is missing; an existing one keeps its mode.</summary>
    public static void Create(string path)
    {
        if (Directory.Exists(path)) return;

        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, OwnerOnly);
    }

    /// <summary>Makes the file empty when it is missing, for the owner alone.</summary>
    public static void CreateFile(string path)
    {
        if (File.Exists(path)) return;

        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        new FileStream(path, options).Dispose();
    }
}
