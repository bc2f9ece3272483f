using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;
using Proxy.Logging.Records;
using SQLitePCL;

namespace Proxy.Logging.Outbox;

/// <summary>One file beside the database, of the journal or of the backlog.</summary>
/// <remarks>A file that cannot be written is trouble of the database, and said as SQLite would say it of its own.</remarks>
internal sealed class OutboxFile(JournalPlace place, long number, long openedAt) : IDisposable
{
    private readonly string _path = PathOf(place, number);
    private FileStream? _file;

    public long Number => number;

    public string Name => Path.GetFileName(_path);

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
        foreach (var number in NumbersOf(place).Where(number => number < first || number > last)) File.Delete(PathOf(place, number));
    }

    /// <summary>The files that are there.</summary>
    public static IReadOnlyList<long> NumbersOf(JournalPlace place)
    {
        var numbers = new List<long>();
        foreach (var path in Directory.GetFiles(Path.GetDirectoryName(place.Path)!, Path.GetFileName(place.Path) + "-*"))
        {
            if (long.TryParse(path.AsSpan(place.Path.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)) numbers.Add(number);
        }

        return numbers;
    }

    /// <summary>Reads a part of a file, which may be gone meanwhile. For any thread.</summary>
    /// <param name="place">Where the files are.</param>
    /// <param name="number">Which one.</param>
    /// <param name="offset">Where the part begins.</param>
    /// <param name="length">How long it is.</param>
    /// <param name="output">Gets it; fewer bytes when there are no more, none when there is no file.</param>
    /// <exception cref="IOException">The file is there and cannot be read just now.</exception>
    public static void Read(JournalPlace place, long number, long offset, int length, PooledBuffer output)
    {
        try
        {
            using var file = File.OpenHandle(PathOf(place, number), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = output.GetSpan(length)[..length];
            output.Advance(Read(file, offset, bytes));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            // As if it were empty.
        }
    }

    /// <exception cref="SqliteException">It did not work, which is trouble of the database.</exception>
    public static T Try<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SqliteException($"The files of the log beside the database cannot be used. {exception.Message}", raw.SQLITE_IOERR);
        }
    }

    /// <summary>Writes behind what is written. What an earlier transaction left there, which was rolled back, is written over.</summary>
    public void Write(IReadOnlyList<ReadOnlyMemory<byte>> parts, long bytes)
    {
        Try(() =>
        {
            _file ??= Open();
            FileLength = Math.Max(FileLength, Length + bytes);
            RandomAccess.Write(_file.SafeFileHandle, parts, Length);
            if (place.IsFlushed) RandomAccess.FlushToDisk(_file.SafeFileHandle);
            return Length += bytes;
        });
    }

    /// <returns>Fewer bytes when there are no more.</returns>
    public ReadOnlyMemory<byte> Read(long offset, int length)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        return bytes.AsMemory(0, Read(_file!.SafeFileHandle, offset, bytes));
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
            if (place.IsFlushed) RandomAccess.FlushToDisk(_file.SafeFileHandle);
            return FileLength = Length;
        });
    }

    /// <summary>Writes over the file of another, in which nothing waits any more, instead of creating one.</summary>
    /// <returns>False when it cannot be had; then it is as it was.</returns>
    public bool TryTakeOver(OutboxFile spare)
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

    /// <summary>Takes away what stands behind this length.</summary>
    /// <returns>False when it cannot be had.</returns>
    public bool TryCutTo(long length)
    {
        try
        {
            _file ??= Open();
            RandomAccess.SetLength(_file.SafeFileHandle, length);
            FileLength = Length = length;
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Gives back the handle until it is written to again.</summary>
    public void Rest() => TakeHandle()?.Dispose();

    /// <summary>As <see cref="Rest"/>, but that somebody else closes it.</summary>
    public FileStream? TakeHandle()
    {
        var file = _file;
        _file = null;
        return file;
    }

    public void Dispose() => _file?.Dispose();

    private static string PathOf(JournalPlace place, long number) => $"{place.Path}-{number.ToString("D10", CultureInfo.InvariantCulture)}";

    private static int Read(SafeFileHandle file, long offset, Span<byte> bytes)
    {
        var read = 0;
        for (int count; read < bytes.Length && (count = RandomAccess.Read(file, bytes[read..], offset + read)) > 0;) read += count;
        return read;
    }

    /// <remarks>Prompts are in it: it is for its owner alone, as the database is.</remarks>
    private FileStream Open()
    {
        var options = new FileStreamOptions { Mode = FileLength == 0 ? FileMode.Create : FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.Read | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(_path, options);
    }
}
