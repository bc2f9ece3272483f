using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Proxy.Logging.Outbox;

/// <summary>The memory in which the system keeps what was written to files.</summary>
internal static class DiskCache
{
    // POSIX_FADV_DONTNEED of Linux. Where the number is another one, the call does nothing, or refuses.
    private const int DoNotNeed = 4;

    /// <summary>Whether the system takes such advice. Elsewhere it finds out by itself what is not needed.</summary>
    public static bool CanBeLeft => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>Brings all of a file to the disk, and its memory to others.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">As above.</exception>
    public static void Leave(SafeFileHandle file)
    {
        // What is not on the disk stays in memory, whatever the advice.
        RandomAccess.FlushToDisk(file);
        _ = Advise(file, offset: 0, length: 0, DoNotNeed);
    }

    [DllImport("libc", EntryPoint = "posix_fadvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Advise(SafeFileHandle file, long offset, long length, int advice);
}
