using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Files;
using Txlfs.Journal.Runtime.Simulation;
using Xunit;

namespace Txlfs.Tests.Unit.Journal;

public sealed class FileBlockDeviceTests : IDisposable
{
    private const int BlockBytes = 4096;
    private const long LengthBytes = 8 << 20;

    private readonly TempDirectory _directory = new();
    private readonly string _path;

    public FileBlockDeviceTests()
    {
        _path = _directory.File("image");
        FileBlockDevice.CreateImage(_path, LengthBytes);
    }

    public void Dispose() => _directory.Dispose();

    public static TheoryData<IoEngineKind, bool> Engines => new()
    {
        { IoEngineKind.Auto, true },
        { IoEngineKind.Auto, false },
        { IoEngineKind.Threads, true },
        { IoEngineKind.Threads, false },
    };

    [Theory, MemberData(nameof(Engines))]
    public async Task WhatIsWrittenIsReadAlsoAfterReopening(IoEngineKind engine, bool tryDirect)
    {
        var options = new FileDeviceOptions { Engine = engine, TryDirect = tryDirect };
        using var buffer = new AlignedBuffer(1 << 20);
        byte[] noise = CodecTests.Noise(buffer.LengthBytes, 1);
        using (FileBlockDevice device = FileBlockDevice.Open(_path, options))
        {
            Assert.Equal((LengthBytes, BlockBytes, false), (device.LengthBytes, device.AlignmentBytes, device.IsReadOnly));
            noise.CopyTo(buffer.Span);
            Assert.Equal(0, await device.WriteAsync(2 << 20, buffer.Slice));
            Assert.Equal(0, await device.WriteAsync(0, buffer.Slice.Slice(0, BlockBytes), WriteFlags.Durable));
            Assert.Equal(0, await device.WriteAsync(BlockBytes, buffer.Slice.Slice(0, BlockBytes), WriteFlags.Durable));
            Assert.Equal(0, await device.FlushAsync());
            await ExpectAsync(device, buffer, noise);
            Assert.Equal((3, (1 << 20) + 2 * BlockBytes, 3), (device.Counters.Writes, device.Counters.WriteBytes, device.Counters.Flushes));
            Assert.Equal((1, 1 << 20), (device.Counters.Reads, device.Counters.ReadBytes));
        }
        using FileBlockDevice again = FileBlockDevice.Open(_path, options with { IsReadOnly = true });
        await ExpectAsync(again, buffer, noise);
        Assert.Equal(-Errno.EROFS, await again.WriteAsync(0, buffer.Slice));
    }

    private static async Task ExpectAsync(FileBlockDevice device, AlignedBuffer buffer, byte[] expected)
    {
        buffer.Span.Clear();
        Assert.Equal(0, await device.ReadAsync(2 << 20, buffer.Slice));
        Assert.True(buffer.Span.SequenceEqual(expected));
    }

    /// <summary>More clients than the ring has entries; each owns some blocks, and checks what it reads against what it wrote last.</summary>
    [Theory, MemberData(nameof(Engines))]
    public async Task ManyClientsAtOnce(IoEngineKind engine, bool tryDirect)
    {
        const int clients = 64, blocksEach = 16, rounds = 60;
        using FileBlockDevice device = FileBlockDevice.Open(_path, new FileDeviceOptions { Engine = engine, TryDirect = tryDirect, QueueDepth = 8 });
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            using var buffer = new AlignedBuffer(BlockBytes);
            var random = new Xoshiro256((ulong)client);
            var last = new byte[blocksEach];
            for (int round = 0; round < rounds; round++)
            {
                int block = random.Next(blocksEach);
                long offsetBytes = (client * blocksEach + block) * (long)BlockBytes;
                Assert.Equal(0, await device.ReadAsync(offsetBytes, buffer.Slice));
                Assert.Equal(-1, buffer.Span.IndexOfAnyExcept(last[block]));
                last[block] = (byte)random.Next(256);
                buffer.Span.Fill(last[block]);
                Assert.Equal(0, await device.WriteAsync(offsetBytes, buffer.Slice, random.OneIn(10) ? WriteFlags.Durable : WriteFlags.None));
                if (random.OneIn(20))
                    Assert.Equal(0, await device.FlushAsync());
            }
        })));
        Assert.Equal((clients * rounds, clients * rounds), (device.Counters.Reads, device.Counters.Writes));
    }

    [Theory, MemberData(nameof(Engines))]
    public async Task RequestsBeyondTheRingWaitTheirTurn(IoEngineKind engine, bool tryDirect)
    {
        using FileBlockDevice device = FileBlockDevice.Open(_path, new FileDeviceOptions { Engine = engine, TryDirect = tryDirect, QueueDepth = 2 });
        using var buffer = new AlignedBuffer(512 * BlockBytes);
        for (int block = 0; block < 512; block++)
            buffer.Span.Slice(block * BlockBytes, BlockBytes).Fill((byte)(block * 7));
        byte[] expected = buffer.Span.ToArray();
        await AllBlocks(block => device.WriteAsync(block * BlockBytes, buffer.Slice.Slice(block * BlockBytes, BlockBytes)));
        buffer.Span.Clear();
        await AllBlocks(block => device.ReadAsync(block * BlockBytes, buffer.Slice.Slice(block * BlockBytes, BlockBytes)));
        Assert.True(buffer.Span.SequenceEqual(expected));

        static async Task AllBlocks(Func<int, ValueTask<int>> operation)
        {
            int[] results = await Task.WhenAll(Enumerable.Range(0, 512).Select(block => operation(block).AsTask()));
            Assert.All(results, result => Assert.Equal(0, result));
        }
    }

    [Theory, MemberData(nameof(Engines))]
    public async Task DiscardFreesTheRange(IoEngineKind engine, bool tryDirect)
    {
        using FileBlockDevice device = FileBlockDevice.Open(_path, new FileDeviceOptions { Engine = engine, TryDirect = tryDirect });
        using var buffer = new AlignedBuffer(4 * BlockBytes);
        buffer.Span.Fill(9);
        Assert.Equal(0, await device.WriteAsync(0, buffer.Slice));
        int result = await device.DiscardAsync(BlockBytes, 2 * BlockBytes);
        if (result == -Errno.EOPNOTSUPP)
            return;
        Assert.Equal(0, result);
        Assert.Equal(0, await device.ReadAsync(0, buffer.Slice));
        Assert.Equal((9, 0, 0, 9), (buffer.Span[0], buffer.Span[BlockBytes], buffer.Span[2 * BlockBytes], buffer.Span[3 * BlockBytes]));
    }

    [Theory, MemberData(nameof(Engines))]
    public async Task WhatLiesOutsideIsRefusedAndWhatTheFileLacksIsAnError(IoEngineKind engine, bool tryDirect)
    {
        using FileBlockDevice device = FileBlockDevice.Open(_path, new FileDeviceOptions { Engine = engine, TryDirect = tryDirect });
        using var buffer = new AlignedBuffer(2 * BlockBytes);
        Assert.Equal(-Errno.EINVAL, await device.ReadAsync(LengthBytes - BlockBytes, buffer.Slice));
        Assert.Equal(-Errno.EINVAL, await device.WriteAsync(LengthBytes, buffer.Slice));
        Assert.Equal(-Errno.EINVAL, await device.WriteAsync(512, buffer.Slice));
        Assert.Equal(-Errno.EINVAL, await device.DiscardAsync(0, LengthBytes + BlockBytes));

        int other = FileInterop.Open(_path, FileInterop.OpenReadWrite);
        Assert.Equal(0, FileInterop.SetLength(other, BlockBytes));
        FileInterop.Close(other);
        Assert.Equal(-Errno.EIO, await device.ReadAsync(0, buffer.Slice));
        Assert.Equal(-Errno.EIO, await device.ReadAsync(4 * BlockBytes, buffer.Slice));
    }

    [Fact]
    public void AVolumeIsOpenForWritingOnceAndForReadingByMany()
    {
        using (FileBlockDevice.Open(_path))
        {
            Assert.Contains("in use", Assert.Throws<DeviceException>(() => FileBlockDevice.Open(_path)).Message);
            Assert.Equal(Errno.EBUSY, Assert.Throws<DeviceException>(() => FileBlockDevice.Open(_path, new FileDeviceOptions { IsReadOnly = true })).ErrorNumber);
            Assert.Throws<DeviceException>(() => FileBlockDevice.CreateImage(_path, LengthBytes));
        }
        using FileBlockDevice first = FileBlockDevice.Open(_path, new FileDeviceOptions { IsReadOnly = true });
        using FileBlockDevice second = FileBlockDevice.Open(_path, new FileDeviceOptions { IsReadOnly = true });
        Assert.Throws<DeviceException>(() => FileBlockDevice.Open(_path));
    }

    [Fact]
    public void TheLockIsFreeAsSoonAsTheDeviceIsClosed()
    {
        for (int i = 0; i < 50; i++)
            FileBlockDevice.Open(_path).Dispose();
    }

    [Fact]
    public void WhatIsNoDeviceIsNamed()
    {
        Assert.Equal(Errno.ENOENT, Assert.Throws<DeviceException>(() => FileBlockDevice.Open(_directory.File("missing"))).ErrorNumber);
        Assert.Contains("/dev/null", Assert.Throws<DeviceException>(() => FileBlockDevice.Open("/dev/null")).Message);
        Assert.Contains("neither", Assert.Throws<DeviceException>(() => FileBlockDevice.Open("/tmp")).Message);
    }

    /// <summary>The kernel cancels what a thread that ends has submitted and not begun; the engine must submit it again.</summary>
    [Theory, MemberData(nameof(Engines))]
    public async Task OperationsOutliveTheThreadThatIssuedThem(IoEngineKind engine, bool tryDirect)
    {
        using var buffer = new AlignedBuffer(BlockBytes);
        using FileBlockDevice device = FileBlockDevice.Open(_path, new FileDeviceOptions { Engine = engine, TryDirect = tryDirect });
        for (int i = 0; i < 50; i++)
        {
            var issued = new List<Task<int>>();
            var issuer = new Thread(() =>
            {
                issued.Add(device.WriteAsync(i * BlockBytes, buffer.Slice, WriteFlags.Durable).AsTask());
                issued.Add(device.FlushAsync().AsTask());
                issued.Add(device.FlushAsync().AsTask());
                issued.Add(device.ReadAsync(1 << 20, buffer.Slice).AsTask());
            });
            issuer.Start();
            issuer.Join();
            Assert.All(await Task.WhenAll(issued), result => Assert.Equal(0, result));
        }
    }

    [Theory, MemberData(nameof(Engines))]
    public async Task AClosedDeviceAnswersWithAnError(IoEngineKind engine, bool tryDirect)
    {
        using var buffer = new AlignedBuffer(BlockBytes);
        FileBlockDevice device = FileBlockDevice.Open(_path, new FileDeviceOptions { Engine = engine, TryDirect = tryDirect });
        device.Dispose();
        device.Dispose();
        Assert.Equal(-Errno.ENODEV, await device.ReadAsync(0, buffer.Slice));
        Assert.Equal(-Errno.ENODEV, await device.FlushAsync());
    }

    [Theory, MemberData(nameof(Engines))]
    public async Task ADeviceMayBeClosedFromAContinuation(IoEngineKind engine, bool tryDirect)
    {
        using var buffer = new AlignedBuffer(BlockBytes);
        FileBlockDevice device = FileBlockDevice.Open(_path, new FileDeviceOptions { Engine = engine, TryDirect = tryDirect });
        await WriteAndClose();
        FileBlockDevice.Open(_path).Dispose();

        async Task WriteAndClose()
        {
            int result = await device.WriteAsync(0, buffer.Slice, WriteFlags.Durable).ConfigureAwait(false);
            device.Dispose();
            Assert.Equal(0, result);
        }
    }
}
