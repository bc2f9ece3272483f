using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging.JsonLines;

/// <summary>Appends records to a file of this machine, one a line, and turns to a new file when it is full.</summary>
internal sealed class JsonLinesDestination(TimeProvider time) : ILogDestination
{
    private const long MaxFileBytes = 256 * 1024 * 1024;

    public string Kind => LogKinds.JsonLines;

    public BatchFormat UsualFormat => LineFormat.Lines;

    public async Task<DeliveryVerdict> SendAsync(LogTarget target, RecordBatch batch, CancellationToken abort)
    {
        try
        {
            Rotate(target.Host.LocalPath);
            await AppendAsync(target.Host.LocalPath, batch.Content, abort);
            return new(Delivery.Delivered, "written");
        }
        catch (Exception exception) when (exception is IOException)
        {
            return new(Delivery.Retry, exception.GetType().Name);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return DeliveryVerdict.Parked(exception.GetType().Name);
        }
    }

    public Task<DeliveryVerdict> ProbeAsync(LogTarget target, CancellationToken abort) => Task.FromResult(new DeliveryVerdict(Delivery.Delivered, "file"));

    /// <remarks>What broke off in the middle, as on a full disk, is taken back: the same batch comes again.</remarks>
    private static async Task AppendAsync(string path, ReadOnlyMemory<byte> lines, CancellationToken abort)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            Share = FileShare.Read,
            Options = FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var file = new FileStream(path, options);
        var length = file.Seek(0, SeekOrigin.End);
        try
        {
            await file.WriteAsync(lines, abort);
            file.Flush(flushToDisk: true);
        }
        catch
        {
            file.SetLength(length);
            throw;
        }
    }

    private void Rotate(string path)
    {
        var file = new FileInfo(path);
        if (file.Exists && file.Length >= MaxFileBytes) file.MoveTo($"{path}.{time.GetUtcNow():yyyyMMddTHHmmssfff}");
    }
}
