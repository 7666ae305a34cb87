using System.Runtime.InteropServices;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs;

/// <summary>
/// Page-aligned native buffers of one size, kept for reuse. Renting never blocks: beyond the kept ones a buffer is allocated and freed
/// again on return, so memory in use is bounded by the operations in flight (which the transport bounds) times the size.
/// </summary>
public sealed unsafe class ScratchPool(int bufferBytes, int keptBuffers) : IDisposable
{
    private readonly nint[] _kept = new nint[keptBuffers];
    private readonly Lock _lock = new();
    private int _count;
    private int _rentedCount;

    public int BufferBytes { get; } = bufferBytes;

    /// <summary>Buffers that somebody has: none when nothing is under way.</summary>
    public int RentedCount
    {
        get
        {
            lock (_lock)
            {
                return _rentedCount;
            }
        }
    }

    public NativeSlice Rent()
    {
        lock (_lock)
        {
            _rentedCount++;
            if (_count > 0)
            {
                return new NativeSlice((byte*)_kept[--_count], BufferBytes);
            }
        }
        return new NativeSlice((byte*)NativeMemory.AlignedAlloc((nuint)BufferBytes, Limits.BlockBytes), BufferBytes);
    }

    public void Return(NativeSlice buffer)
    {
        lock (_lock)
        {
            _rentedCount--;
            if (_count < _kept.Length)
            {
                _kept[_count++] = (nint)buffer.Pointer;
                return;
            }
        }
        NativeMemory.AlignedFree(buffer.Pointer);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            while (_count > 0)
            {
                NativeMemory.AlignedFree((void*)_kept[--_count]);
            }
        }
    }
}
