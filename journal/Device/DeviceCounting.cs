namespace Txlfs.Journal.Device;

/// <summary>How operations are counted: once each, when they are issued, whatever becomes of them. A durable write is a write and a flush.</summary>
internal static class DeviceCounting
{
    public static void CountRead(this DeviceCounters counters, long lengthBytes)
    {
        Interlocked.Increment(ref counters.Reads);
        Interlocked.Add(ref counters.ReadBytes, lengthBytes);
    }

    public static void CountWrite(this DeviceCounters counters, long lengthBytes, WriteFlags flags)
    {
        Interlocked.Increment(ref counters.Writes);
        Interlocked.Add(ref counters.WriteBytes, lengthBytes);
        if ((flags & WriteFlags.Durable) != 0)
            counters.CountFlush();
    }

    public static void CountFlush(this DeviceCounters counters) => Interlocked.Increment(ref counters.Flushes);

    public static void CountDiscard(this DeviceCounters counters, long lengthBytes)
    {
        Interlocked.Increment(ref counters.Discards);
        Interlocked.Add(ref counters.DiscardBytes, lengthBytes);
    }
}
