using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Proxy.Logging.Outbox;

/// <summary>One file of the journal.</summary>
/// <remarks>A file that cannot be written is trouble of the database, and said as SQLite would say it of its own.</remarks>
internal sealed class JournalSegment(JournalPlace place, long number, long openedAt) : IDisposable
{
    private readonly string _path = $"{place.Path}-{number.ToString("D10", CultureInfo.InvariantCulture)}";
    private FileStream? _file;

    public long Number => number;

    /// <summary>When it became the one that is written.</summary>
    public long OpenedAt => openedAt;

    /// <summary>Up to here it is written.</summary>
    public long Length { get; set; }

    /// <summary>All that is in the file: what was rolled back, and what is left of an earlier life, too.</summary>
    public long FileLength { get; private set; }

    /// <summary>Whether there is a file that this run writes.</summary>
    public bool IsOpen => _file is not null;

    /// <summary>Whether another can take the file over.</summary>
    /// <remarks>Not where commits wait for the disk: until a rename is on it, the disk has the file under a name that does not count.</remarks>
    public bool IsReusable => IsOpen && !place.IsFlushed;

    /// <summary>How many of its records have not left the journal.</summary>
    public int Waiting { get; set; }

    /// <summary>Removes the files that are not among these: of a run that was killed before it could.</summary>
    public static void DeleteOthers(JournalPlace place, long first, long last)
    {
        foreach (var path in Directory.GetFiles(Path.GetDirectoryName(place.Path)!, Path.GetFileName(place.Path) + "-*"))
        {
            if (long.TryParse(path.AsSpan(place.Path.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && (number < first || number > last))
                File.Delete(path);
        }
    }

    /// <summary>Writes behind what is written. What an earlier transaction left there, which was rolled back, is written over.</summary>
    public void Write(IReadOnlyList<ReadOnlyMemory<byte>> parts, long bytes)
    {
        Try(() =>
        {
            _file ??= Create();
            FileLength = Math.Max(FileLength, Length + bytes);
            RandomAccess.Write(_file.SafeFileHandle, parts, Length);
            if (place.IsFlushed) RandomAccess.FlushToDisk(_file.SafeFileHandle);
        });
        Length += bytes;
    }

    /// <returns>Fewer bytes when there are no more.</returns>
    public ReadOnlySpan<byte> Read(long offset, int length)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        var read = 0;
        for (int count; read < length && (count = RandomAccess.Read(_file!.SafeFileHandle, bytes.AsSpan(read), offset + read)) > 0;) read += count;
        return bytes.AsSpan(0, read);
    }

    /// <summary>The file of an earlier run; null when it is not there.</summary>
    public byte[]? ReadAll() => File.Exists(_path) ? File.ReadAllBytes(_path) : null;

    /// <summary>Cuts off what was never committed, or is of an earlier life: nobody will write over it.</summary>
    public void Close()
    {
        if (_file is null) return;

        Try(() =>
        {
            if (FileLength > Length) RandomAccess.SetLength(_file.SafeFileHandle, Length);
            FileLength = Length;
            if (place.IsFlushed) RandomAccess.FlushToDisk(_file.SafeFileHandle);
        });
    }

    /// <summary>Writes over the file of another, in which nothing waits any more, instead of creating one.</summary>
    /// <returns>False when it cannot be had; then it is as it was.</returns>
    public bool TryTakeOver(JournalSegment spare)
    {
        try
        {
            File.Move(spare._path, _path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        (_file, FileLength, spare._file) = (spare._file, spare.FileLength, null);
        return true;
    }

    /// <returns>False when the file stays where it is; it is tried again at the next start.</returns>
    public bool TryDelete()
    {
        Dispose();
        try
        {
            File.Delete(_path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void Dispose() => _file?.Dispose();

    /// <remarks>Prompts are in it: it is for its owner alone, as the database is.</remarks>
    private FileStream Create()
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite, Share = FileShare.Read | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(_path, options);
    }

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SqliteException($"The journal beside the database cannot be written. {exception.Message}", raw.SQLITE_IOERR);
        }
    }
}
