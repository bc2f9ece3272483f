using System.Buffers;
using System.Numerics;

namespace Proxy.Logging.Records;

/// <summary>Memory that calls hold until their commit, and leave to the calls after them.</summary>
/// <remarks>The usual pool keeps 32 arrays of a size for a core. All calls under way hold some at once, and what is beyond would be made anew for each of them (decision 98).</remarks>
public sealed class CallMemory : ArrayPool<byte>
{
    private const int SmallestBits = 10;
    private const int Smallest = 1 << SmallestBits;
    private const int LargestBits = 22;

    private readonly int _stepBits;
    private readonly Shelf[] _shelves;

    /// <param name="stepBits">Each doubling of the length is made in so many steps, as a power of two.</param>
    internal CallMemory(int stepBits)
    {
        _stepBits = stepBits;
        _shelves = [.. Enumerable.Range(0, 1 + ((LargestBits - SmallestBits) << stepBits)).Select(index => new Shelf(LengthAt(index)))];
    }

    /// <summary>What calls use, in as many lengths as there are calls: an array is at most a quarter longer than it must be.</summary>
    public static CallMemory Pool { get; } = new(stepBits: 2);

    /// <summary>What requests to log targets are made in: few, and large, so few lengths.</summary>
    internal static CallMemory Requests { get; } = new(stepBits: 0);

    /// <summary>What waits for calls to come.</summary>
    internal long KeptBytes => _shelves.Sum(static shelf => shelf.KeptBytes);

    /// <inheritdoc/>
    public override byte[] Rent(int minimumLength)
    {
        var index = IndexOf(minimumLength);
        return index < _shelves.Length ? _shelves[index].Take() : Shared.Rent(minimumLength);
    }

    /// <inheritdoc/>
    public override void Return(byte[] array, bool clearArray = false)
    {
        if (clearArray) array.AsSpan().Clear();
        var index = IndexOf(array.Length);
        if (index >= _shelves.Length) Shared.Return(array);
        else if (array.Length == _shelves[index].Length) _shelves[index].Put(array);
    }

    /// <summary>Lets go of what nobody needed since the last time.</summary>
    public void Trim()
    {
        foreach (var shelf in _shelves) shelf.Trim();
    }

    private int IndexOf(int length)
    {
        if (length <= Smallest) return 0;

        var bits = BitOperations.Log2((uint)length - 1);
        return 1 + ((bits - SmallestBits) << _stepBits) + (((length - 1) >> (bits - _stepBits)) & ((1 << _stepBits) - 1));
    }

    private int LengthAt(int index)
    {
        if (index == 0) return Smallest;

        var (doublings, step) = ((index - 1) >> _stepBits, (index - 1) & ((1 << _stepBits) - 1));
        return ((1 << _stepBits) + step + 1) << (SmallestBits + doublings - _stepBits);
    }

    /// <summary>Arrays of one length; the one that came last goes first, since the processor may still have it.</summary>
    private sealed class Shelf(int length)
    {
        private const int MaxBytes = 8 * 1024 * 1024;

        private readonly Lock _lock = new();
        private readonly Stack<byte[]> _arrays = [];
        private int _fewest;

        public int Length => length;

        public long KeptBytes
        {
            get
            {
                lock (_lock) return (long)_arrays.Count * length;
            }
        }

        public byte[] Take()
        {
            lock (_lock)
            {
                if (_arrays.TryPop(out var array))
                {
                    _fewest = Math.Min(_fewest, _arrays.Count);
                    return array;
                }

                _fewest = 0;
            }

            return GC.AllocateUninitializedArray<byte>(length);
        }

        public void Put(byte[] array)
        {
            lock (_lock)
            {
                if (_arrays.Count < MaxBytes / length) _arrays.Push(array);
            }
        }

        public void Trim()
        {
            lock (_lock)
            {
                for (; _fewest > 0; _fewest--) _arrays.Pop();
                _arrays.TrimExcess();
                _fewest = _arrays.Count;
            }
        }
    }
}
