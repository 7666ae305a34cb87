using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Tests.Unit.Journal;
using Xunit;

namespace Txlfs.Tests.Unit.Sim;

public sealed class SimulatedDeviceTests : IDisposable
{
    private const int BlockBytes = 4096;
    private const long LengthBytes = 1 << 20;

    private readonly SimulatedRuntime _runtime = new(1);
    private readonly SimulatedBlockDevice _device;
    private readonly AlignedBuffer _buffer = new(64 * BlockBytes);

    public SimulatedDeviceTests() => _device = new SimulatedBlockDevice(_runtime, LengthBytes);

    public void Dispose() => _buffer.Dispose();

    [Fact]
    public void WhatIsWrittenIsRead()
    {
        CodecTests.Noise(8 * BlockBytes, 1).CopyTo(_buffer.Span);
        NativeSlice source = _buffer.Slice.Slice(0, 8 * BlockBytes), target = _buffer.Slice.Slice(8 * BlockBytes, 8 * BlockBytes);
        Assert.Equal(0, Wait(_device.WriteAsync(3 * BlockBytes, source)));
        Assert.Equal(0, Wait(_device.ReadAsync(3 * BlockBytes, target)));
        Assert.Equal(source.Span, target.Span);
        Assert.Equal(0, Wait(_device.ReadAsync(100 * BlockBytes, target)));
        Assert.Equal(-1, target.Span.IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void AnUnflushedWriteMayBeLostAndAFlushedOneIsNot()
    {
        Write(0, 0x11);
        Assert.Equal(0, Wait(_device.FlushAsync()));
        Write(1, 0x22);
        CrashImage dropped = _device.PeekCut(CutPolicy.DropAll), kept = _device.PeekCut(CutPolicy.KeepAll);
        Assert.Equal((0x11, 0), (ByteAt(dropped, 0), ByteAt(dropped, 1)));
        Assert.Equal((0x11, 0x22), (ByteAt(kept, 0), ByteAt(kept, 1)));
        Assert.Single(_device.Unflushed);
    }

    [Fact]
    public void ADurableWriteCoversItselfAndWhatCompletedBeforeIt()
    {
        Write(0, 0x11);
        Write(1, 0x22, WriteFlags.Durable);
        CrashImage image = _device.PeekCut(CutPolicy.DropAll);
        Assert.Equal((0x11, 0x22), (ByteAt(image, 0), ByteAt(image, 1)));
        Assert.Empty(_device.Unflushed);
        Assert.Equal((2, 1), (_device.Counters.Writes, _device.Counters.Flushes));
    }

    [Fact]
    public void AFlushDoesNotHaveToCoverWhatWasInFlightWhenItWasIssued()
    {
        int lost = 0;
        for (ulong seed = 0; seed < 50; seed++)
        {
            var runtime = new SimulatedRuntime(seed);
            var device = new SimulatedBlockDevice(runtime, LengthBytes);
            _buffer.Span.Fill(0x33);
            ValueTask<int> write = device.WriteAsync(0, _buffer.Slice);
            Assert.Equal(0, runtime.RunToEnd(device.FlushAsync()));
            Assert.Equal(0, runtime.RunToEnd(write));
            lost += ByteAt(device.PeekCut(CutPolicy.DropAll), 0) == 0 ? 1 : 0;
        }
        Assert.InRange(lost, 25, 50);
    }

    [Fact]
    public void ACutInsideTheEventSeesTheWriteInFlightAndStopsTheDevice()
    {
        CrashImage? image = null;
        _device.OnEvent = happened =>
        {
            Assert.Equal(DeviceEventKind.DurableWrite, happened.Kind);
            image = _device.PowerCut(CutPolicy.KeepAll);
        };
        _buffer.Span.Fill(0x44);
        Assert.Equal(-Errno.ENODEV, Wait(_device.WriteAsync(0, _buffer.Slice, WriteFlags.Durable)));
        Assert.Equal(-Errno.ENODEV, Wait(_device.FlushAsync()));
        Assert.Equal(-Errno.ENODEV, Wait(_device.ReadAsync(0, _buffer.Slice)));
        Assert.Equal(1, image!.LastEvent);

        SimulatedBlockDevice after = SimulatedBlockDevice.FromImage(_runtime, image);
        _buffer.Span.Clear();
        Assert.Equal(0, Wait(after.ReadAsync(0, _buffer.Slice)));
        Assert.Equal(-1, _buffer.Span.IndexOfAnyExcept((byte)0x44));
    }

    [Fact]
    public void CutsTearAtSectors()
    {
        _buffer.Span.Fill(0x55);
        _ = _device.WriteAsync(0, _buffer.Slice);
        bool sawTorn = false;
        var data = new byte[_buffer.LengthBytes];
        for (ulong seed = 0; seed < 100; seed++)
        {
            _device.PeekCut(CutPolicy.Random(seed)).Read(0, data);
            for (int sector = 0; sector < data.Length / 512; sector++)
                Assert.Equal(-1, data.AsSpan(sector * 512, 512).IndexOfAnyExcept(data[sector * 512]));
            sawTorn |= data.Contains((byte)0x55) && data.Contains((byte)0);
        }
        Assert.True(sawTorn);
    }

    [Fact]
    public void AllSubsetsCanBeEnumerated()
    {
        for (int block = 0; block < 3; block++)
            Write(block, (byte)(block + 1));
        for (ulong subset = 0; subset < 8; subset++)
        {
            CrashImage image = _device.PeekCut(CutPolicy.Subset(subset));
            for (int block = 0; block < 3; block++)
                Assert.Equal((subset >> block & 1) != 0 ? block + 1 : 0, ByteAt(image, block));
        }
    }

    [Fact]
    public void ImagesDoNotChangeWhenTheDeviceGoesOn()
    {
        Write(0, 0x11, WriteFlags.Durable);
        CrashImage before = _device.PeekCut(CutPolicy.DropAll);
        Write(0, 0x22, WriteFlags.Durable);
        SimulatedBlockDevice remounted = SimulatedBlockDevice.FromImage(_runtime, before);
        _buffer.Span.Fill(0x33);
        Wait(remounted.WriteAsync(0, _buffer.Slice, WriteFlags.Durable));
        Assert.Equal(0x11, ByteAt(before, 0));
        Assert.Equal(0x22, ByteAt(_device.PeekCut(CutPolicy.DropAll), 0));
    }

    [Fact]
    public void TheNewestOfTwoOverlappingWritesWinsWhenBothSurvive()
    {
        Write(0, 0x11);
        Write(0, 0x22);
        Assert.Equal(0x22, ByteAt(_device.PeekCut(CutPolicy.KeepAll), 0));
        Assert.Equal(0x11, ByteAt(_device.PeekCut(CutPolicy.Subset(1)), 0));
        Wait(_device.FlushAsync());
        Assert.Equal(0x22, ByteAt(_device.PeekCut(CutPolicy.DropAll), 0));
    }

    [Fact]
    public void TheSameSeedGivesTheSameHistory()
    {
        Assert.Equal(History(11), History(11));
        Assert.NotEqual(History(11), History(12));
    }

    private string History(ulong seed)
    {
        var runtime = new SimulatedRuntime(seed);
        var device = new SimulatedBlockDevice(runtime, LengthBytes);
        var order = new List<int>();
        runtime.Run(async () =>
        {
            Task[] all = Enumerable.Range(0, 20).Select(async block =>
            {
                await device.WriteAsync(block * BlockBytes, _buffer.Slice.Slice(block * BlockBytes, BlockBytes));
                order.Add(block);
            }).ToArray();
            foreach (Task one in all)
                await one;
        });
        return string.Join(' ', order);
    }

    [Fact]
    public void InjectedErrorsComeOnTheNthOperation()
    {
        _device.Faults.FailWrite(2, Errno.EIO);
        _device.Faults.FailRead(1, Errno.EIO);
        _device.Faults.FailFlush(2, Errno.ENOSPC);
        Assert.Equal((0, -Errno.EIO, 0), (Write(0, 1), Write(1, 2), Write(2, 3)));
        Assert.Equal((-Errno.EIO, 0), (Wait(_device.ReadAsync(0, _buffer.Slice)), Wait(_device.ReadAsync(0, _buffer.Slice))));
        Assert.Equal((0, -Errno.ENOSPC, 0), (Wait(_device.FlushAsync()), Wait(_device.FlushAsync()), Wait(_device.FlushAsync())));
    }

    [Fact]
    public void AFailedFlushLosesForGoodWhatItCovered()
    {
        int lost = 0;
        for (ulong seed = 0; seed < 40; seed++)
        {
            var runtime = new SimulatedRuntime(seed);
            var device = new SimulatedBlockDevice(runtime, LengthBytes);
            device.Faults.FailFlush(1, Errno.EIO);
            _buffer.Span.Fill(0x66);
            Assert.Equal(0, runtime.RunToEnd(device.WriteAsync(0, _buffer.Slice)));
            Assert.Equal(-Errno.EIO, runtime.RunToEnd(device.FlushAsync()));
            Assert.Equal(0, runtime.RunToEnd(device.FlushAsync()));
            lost += ByteAt(device.PeekCut(CutPolicy.KeepAll), 0) == 0 ? 1 : 0;
        }
        Assert.InRange(lost, 5, 35);
    }

    [Fact]
    public void ALyingFlushMakesNothingDurable()
    {
        _device.Faults.EveryFlushLies = true;
        Write(0, 0x11, WriteFlags.Durable);
        Assert.Equal(0, Wait(_device.FlushAsync()));
        Assert.Equal(0, ByteAt(_device.PeekCut(CutPolicy.DropAll), 0));
        _device.Faults.EveryFlushLies = false;
        Assert.Equal(0, Wait(_device.FlushAsync()));
        Assert.Equal(0x11, ByteAt(_device.PeekCut(CutPolicy.DropAll), 0));
    }

    [Fact]
    public void LostAndMisdirectedWritesAreAcknowledged()
    {
        _device.Faults.LoseWrite(1);
        _device.Faults.MisdirectWrite(2, 9 * BlockBytes);
        Assert.Equal((0, 0), (Write(0, 0x11), Write(1, 0x22)));
        CrashImage image = _device.PeekCut(CutPolicy.KeepAll);
        Assert.Equal((0, 0, 0x22), (ByteAt(image, 0), ByteAt(image, 1), ByteAt(image, 9)));
    }

    [Fact]
    public void BadSectorsAndBitRotAreSeenByReads()
    {
        Write(5, 0x11, WriteFlags.Durable);
        _device.Faults.FailReadsOf(5 * BlockBytes + 512, 512, Errno.EIO);
        Assert.Equal(-Errno.EIO, Wait(_device.ReadAsync(5 * BlockBytes, _buffer.Slice.Slice(0, BlockBytes))));
        Assert.Equal(0, Wait(_device.ReadAsync(6 * BlockBytes, _buffer.Slice.Slice(0, BlockBytes))));
        _device.Faults.Heal();
        _device.CorruptAtRest(5 * BlockBytes + 7, 1, seed: 1);
        Assert.Equal(0, Wait(_device.ReadAsync(5 * BlockBytes, _buffer.Slice.Slice(0, BlockBytes))));
        Assert.Equal(0x11, _buffer.Span[6]);
        Assert.NotEqual(0x11, _buffer.Span[7]);
        Assert.Equal(0x11, _buffer.Span[8]);
    }

    [Fact]
    public void MemoryThatChangesInFlightIsCaught()
    {
        ValueTask<int> write = _device.WriteAsync(0, _buffer.Slice);
        _buffer.Span[100] ^= 1;
        Assert.Throws<SimulationException>(() => Wait(write));
    }

    [Fact]
    public void TheCacheIsFinite()
    {
        var device = new SimulatedBlockDevice(_runtime, LengthBytes, options: new SimulatedDeviceOptions { CacheBytes = 4 * BlockBytes });
        for (int block = 0; block < 10; block++)
            Assert.Equal(0, Wait(device.WriteAsync(block * BlockBytes, _buffer.Slice.Slice(0, BlockBytes))));
        Assert.Equal(4, device.Unflushed.Count);
    }

    [Fact]
    public void RangesAreChecked()
    {
        Assert.Equal(-Errno.EINVAL, Wait(_device.ReadAsync(LengthBytes, _buffer.Slice)));
        Assert.Equal(-Errno.EINVAL, Wait(_device.ReadAsync(long.MaxValue & ~4095L, _buffer.Slice)));
        Assert.Equal(-Errno.EINVAL, Wait(_device.WriteAsync(-BlockBytes, _buffer.Slice)));
        Assert.Equal(-Errno.EINVAL, Wait(_device.WriteAsync(512, _buffer.Slice)));
        Assert.Equal(-Errno.EINVAL, Wait(_device.WriteAsync(0, _buffer.Slice.Slice(0, 100))));
    }

    private int Write(int block, byte value, WriteFlags flags = WriteFlags.None)
    {
        NativeSlice slice = _buffer.Slice.Slice(0, BlockBytes);
        slice.Span.Fill(value);
        return Wait(_device.WriteAsync(block * BlockBytes, slice, flags));
    }

    private int Wait(ValueTask<int> task) => _runtime.RunToEnd(task);

    private static int ByteAt(CrashImage image, int block)
    {
        var one = new byte[1];
        image.Read(block * BlockBytes, one);
        return one[0];
    }
}
