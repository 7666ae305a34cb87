using System.Runtime.InteropServices;

namespace Txlfs.Journal.Device;

/// <summary>
/// A device in this process's memory, gone with it: for measuring everything above the device, and for tests. Pages are
/// allocated by the kernel when they are first written. Every call completes before it returns.
/// </summary>
public sealed unsafe class MemoryBlockDevice : IBlockDevice
{
    private const int BlockBytes = 4096;

    private byte* _memory;

    public MemoryBlockDevice(long lengthBytes, string name = "memory")
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lengthBytes);
        if (lengthBytes % BlockBytes != 0)
            throw new ArgumentException($"the length must be a multiple of {BlockBytes}", nameof(lengthBytes));
        const int flags = MemoryInterop.MapPrivate | MemoryInterop.MapAnonymous | MemoryInterop.MapNoReserve;
        void* memory = MemoryInterop.mmap(null, (nuint)lengthBytes, MemoryInterop.ProtReadWrite, flags, -1, 0);
        if (memory == MemoryInterop.MapFailed)
            throw new DeviceException($"{name}: the kernel refuses {lengthBytes} bytes of address space", Marshal.GetLastPInvokeError());
        _memory = (byte*)memory;
        LengthBytes = lengthBytes;
        Name = name;
    }

    ~MemoryBlockDevice() => Release();

    public string Name { get; }
    public long LengthBytes { get; }
    public int AlignmentBytes => BlockBytes;
    public bool IsReadOnly => false;
    public DeviceCounters Counters { get; } = new();

    public ValueTask<int> ReadAsync(long offsetBytes, NativeSlice destination)
    {
        int result = Check(offsetBytes, destination);
        if (result == 0)
        {
            Counters.CountRead(destination.LengthBytes);
            new ReadOnlySpan<byte>(_memory + offsetBytes, destination.LengthBytes).CopyTo(destination.Span);
        }
        return ValueTask.FromResult(result);
    }

    public ValueTask<int> WriteAsync(long offsetBytes, NativeSlice source, WriteFlags flags = WriteFlags.None)
    {
        int result = Check(offsetBytes, source);
        if (result == 0)
        {
            Counters.CountWrite(source.LengthBytes, flags);
            source.Span.CopyTo(new Span<byte>(_memory + offsetBytes, source.LengthBytes));
        }
        return ValueTask.FromResult(result);
    }

    public ValueTask<int> FlushAsync()
    {
        Counters.CountFlush();
        return ValueTask.FromResult(_memory != null ? 0 : -Errno.ENODEV);
    }

    public ValueTask<int> DiscardAsync(long offsetBytes, long lengthBytes)
    {
        int result = _memory != null ? DeviceRange.Check(this, offsetBytes, lengthBytes) : -Errno.ENODEV;
        if (result == 0)
        {
            Counters.CountDiscard(lengthBytes);
            FreeWholePages(offsetBytes, lengthBytes);
        }
        return ValueTask.FromResult(result);
    }

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private int Check(long offsetBytes, NativeSlice memory) => _memory != null ? DeviceRange.Check(this, offsetBytes, memory) : -Errno.ENODEV;

    /// <summary>The kernel would round the end up to its page size, which may be larger than a block, and zero what follows.</summary>
    private void FreeWholePages(long offsetBytes, long lengthBytes)
    {
        long pageBytes = Environment.SystemPageSize;
        long first = (offsetBytes + pageBytes - 1) / pageBytes * pageBytes;
        long end = (offsetBytes + lengthBytes) / pageBytes * pageBytes;
        if (first < end)
            _ = MemoryInterop.madvise(_memory + first, (nuint)(end - first), MemoryInterop.AdviseDontNeed);
    }

    private void Release()
    {
        if (_memory == null)
            return;
        _ = MemoryInterop.munmap(_memory, (nuint)LengthBytes);
        _memory = null;
    }
}
