using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Proxy.Tests.Logging;

/// <summary>What of a file the system has in memory.</summary>
internal static class SystemCache
{
    /// <summary>Whether files in the folder for temporary ones are on a disk of which the system tells that, and whose memory it gives back when it is asked to.</summary>
    public static bool IsKnown =>
        OperatingSystem.IsLinux() && new[] { "ext", "xfs", "btrfs", "overlay" }.Any(kind => new DriveInfo(Path.GetTempPath()).DriveFormat.StartsWith(kind, StringComparison.Ordinal));

    public static long BytesOf(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var map = MemoryMappedFile.CreateFromFile(file, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        using var view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        var pages = new byte[(file.Length + Environment.SystemPageSize - 1) / Environment.SystemPageSize];
        if (AskResident(view.SafeMemoryMappedViewHandle, (nuint)file.Length, pages) != 0) throw new IOException($"mincore: error {Marshal.GetLastPInvokeError()}.");
        return pages.LongCount(page => (page & 1) == 1) * Environment.SystemPageSize;
    }

    [DllImport("libc", EntryPoint = "mincore", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int AskResident(SafeHandle start, nuint length, byte[] pages);
}
