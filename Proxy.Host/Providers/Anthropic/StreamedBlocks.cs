using System.Buffers;
using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.Anthropic;

/// <summary>The blocks of a streamed answer as they grow, in the order in which they began.</summary>
internal sealed class StreamedBlocks(AnswerDigest digest) : IDisposable
{
    private const int MaxBlocks = 256;

    private readonly List<StreamedBlock> _blocks = new(1);

    /// <summary>The block of that number, which begins now if it is new.</summary>
    public StreamedBlock this[int index]
    {
        get
        {
            var block = _blocks.Find(known => known.Index == index);
            if (block is not null) return block;

            block = new StreamedBlock(Math.Max(index, 0), digest);
            if (_blocks.Count < MaxBlocks) _blocks.Add(block);
            return block;
        }
    }

    /// <summary>What was answered, for the log.</summary>
    public void Complete()
    {
        if (_blocks.Count == 0) return;

        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartArray();
            foreach (var block in _blocks)
            {
                block.Write(json);
                digest.OutputBytes += block.TotalBytes;
            }

            json.WriteEndArray();
        }

        digest.Output = buffer.WrittenMemory;
    }

    public void Dispose()
    {
        foreach (var block in _blocks) block.Dispose();
    }
}
