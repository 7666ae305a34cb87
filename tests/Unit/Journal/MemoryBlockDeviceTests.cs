using Txlfs.Journal;
using Txlfs.Journal.Device;
using Xunit;

namespace Txlfs.Tests.Unit.Journal;

public class MemoryBlockDeviceTests
{
    [Fact]
    public async Task RoundTripDiscardAndCounters()
    {
        using var device = new MemoryBlockDevice(64L << 30);
        using var buffer = new AlignedBuffer(1 << 17);
        buffer.Span.Fill(7);
        const long offsetBytes = 33L << 30;
        Assert.Equal(0, await device.WriteAsync(offsetBytes, buffer.Slice, WriteFlags.Durable));
        buffer.Span.Clear();
        Assert.Equal(0, await device.ReadAsync(offsetBytes, buffer.Slice));
        Assert.Equal(-1, buffer.Span.IndexOfAnyExcept((byte)7));
        Assert.Equal(0, await device.DiscardAsync(offsetBytes, 1 << 16));
        Assert.Equal(0, await device.ReadAsync(offsetBytes, buffer.Slice));
        Assert.Equal(1 << 16, buffer.Span.IndexOf((byte)7));
        DeviceCounters counters = device.Counters;
        Assert.Equal((2, 1 << 18, 1, 1 << 17, 1, 1, 1 << 16),
            (counters.Reads, counters.ReadBytes, counters.Writes, counters.WriteBytes, counters.Flushes, counters.Discards, counters.DiscardBytes));
    }

    [Fact]
    public async Task OutOfRangeMisalignedAndDisposedAreErrors()
    {
        var device = new MemoryBlockDevice(1 << 20);
        using var buffer = new AlignedBuffer(1 << 17);
        Assert.Equal(-Errno.EINVAL, await device.ReadAsync(1 << 20, buffer.Slice));
        Assert.Equal(-Errno.EINVAL, await device.WriteAsync(100, buffer.Slice));
        Assert.Equal(-Errno.EINVAL, await device.WriteAsync(0, buffer.Slice.Slice(8, 4096)));
        Assert.Equal(-Errno.EINVAL, await device.DiscardAsync(-4096, 4096));
        device.Dispose();
        Assert.Equal(-Errno.ENODEV, await device.ReadAsync(0, buffer.Slice));
    }
}
