namespace Txlfs.Journal.Device;

/// <summary>
/// The one door to stable storage. Offsets, lengths and memory addresses are multiples of
/// <see cref="AlignmentBytes"/>. Any number of calls may be in flight at once; they complete in any order.
/// Results: 0, or a negative errno. A write is durable only after a flush that was issued after the write's
/// completion has completed, or when it was issued with <see cref="WriteFlags.Durable"/>.
/// After a failed write or flush what is on the device is unknown; callers must not retry (contract 3).
/// </summary>
public interface IBlockDevice : IDisposable
{
    string Name { get; }
    long LengthBytes { get; }

    /// <summary>512 or 4096; what offset, length and memory must be multiples of.</summary>
    int AlignmentBytes { get; }

    bool IsReadOnly { get; }
    DeviceCounters Counters { get; }

    /// <summary>Reads exactly the slice's length; a short read is -EIO.</summary>
    ValueTask<int> ReadAsync(long offsetBytes, NativeSlice destination);

    ValueTask<int> WriteAsync(long offsetBytes, NativeSlice source, WriteFlags flags = WriteFlags.None);

    ValueTask<int> FlushAsync();

    /// <summary>A hint that the range holds nothing of value; its later content is undefined. -EOPNOTSUPP is no failure.</summary>
    ValueTask<int> DiscardAsync(long offsetBytes, long lengthBytes);
}

[Flags]
public enum WriteFlags
{
    None = 0,

    /// <summary>Completes only when this write, and every write completed before it was issued, is on stable storage: one write, one flush.</summary>
    Durable = 1,

    /// <summary>Nobody waits for it: what follows it is not to run on a thread that serves requests.</summary>
    Background = 2,
}

/// <summary>What went through a device since it was opened; read without locks, each value on its own is exact.</summary>
public sealed class DeviceCounters
{
    public long Reads, ReadBytes, Writes, WriteBytes, Flushes, Discards, DiscardBytes;
}
