using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs;
using Txlfs.Tests.Unit.Fakes;
using Xunit;

namespace Txlfs.Tests.Unit.Data;

/// <summary>The data path over the real engine and threads, on a device in memory.</summary>
public class VolumeDataTests
{
    private static readonly Caller Root = new(0, 0, 1);

    private static async Task<Volume> OpenAsync(IBlockDevice device, CodecKind codec, ILogSink log)
    {
        Seams seams = SystemSeams.Create(log);
        await Volume.FormatAsync(device, new FormatOptions { Compression = codec, SegmentBytes = Limits.MinSegmentBytes }, seams);
        return await Volume.OpenAsync(device, new VolumeOptions { MemoryBytes = 32 << 20 }, seams);
    }

    private static async Task<ulong> CreateAsync(Volume volume, string name)
    {
        OpResult<InodeAttributes> made = await volume.CreateAsync(Limits.RootInode, new Pinned(name).Slice, ModeBits.Regular | 0x1A4, 0, Root, open: true);
        Assert.Equal(0, made.Errno);
        return made.Value.Inode;
    }

    /// <summary>A file rewritten many times the volume's size: what each round kills must come back, also while a write waits for it.</summary>
    [Theory]
    [InlineData(1 << 20)]
    [InlineData(64 << 10)]
    public async Task OverwritingForeverNeverFillsTheVolume(int chunkBytes)
    {
        using var device = new MemoryBlockDevice(32 << 20);
        using Volume volume = await OpenAsync(device, CodecKind.None, new FakeLog());
        ulong file = await CreateAsync(volume, "churn");
        var source = new Pinned(chunkBytes);
        new FakeRandom(1).Fill(source.Span);
        for (int i = 0; i < (256 << 20) / chunkBytes; i++)
        {
            source.Span[0] = (byte)i;
            int written = await volume.WriteAsync(file, (long)(i * chunkBytes % (4 << 20)), source.Slice, WriteOptions.None, Root);
            Assert.True(written == chunkBytes, $"write {i} of {chunkBytes} bytes: {written}");
        }
        Assert.Equal(0, await volume.CloseAsync());
    }

    /// <summary>Each block always holds one byte value throughout; writers, a truncater and readers race. Readers may see old or new, or zeros, never a mix.</summary>
    [Theory]
    [InlineData(CodecKind.None)]
    [InlineData(CodecKind.Lz4)]
    public async Task ReadersBesideWritersNeverSeeAMixedBlockOrAnError(CodecKind codec)
    {
        const int blocks = 64, rounds = 400;
        var log = new FakeLog();
        using var device = new MemoryBlockDevice(128 << 20);
        using Volume volume = await OpenAsync(device, codec, log);
        ulong file = await CreateAsync(volume, "race");
        using var stop = new CancellationTokenSource();
        Task[] readers = [.. Enumerable.Range(0, 2).Select(i => Task.Run(() => ReadBlocksAsync(volume, file, blocks, i, stop.Token)))];
        Task[] writers = [.. Enumerable.Range(0, 2).Select(i => Task.Run(() => WriteBlocksAsync(volume, file, blocks, rounds, i)))];
        await Task.WhenAll(writers);
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        Assert.DoesNotContain(log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.Empty(await volume.VerifyAsync());
        Assert.Equal(0, await volume.CloseAsync());
    }

    private static async Task WriteBlocksAsync(Volume volume, ulong file, int blocks, int rounds, int seed)
    {
        var random = new FakeRandom((ulong)seed + 10);
        var source = new Pinned(blocks * Limits.BlockBytes);
        for (int i = 0; i < rounds; i++)
        {
            int first = random.Next(blocks), count = 1 + random.Next(Math.Min(40, blocks - first));
            for (int b = 0; b < count; b++)
            {
                source.Span.Slice(b * Limits.BlockBytes, Limits.BlockBytes).Fill((byte)(1 + random.Next(255)));
            }
            int bytes = count * Limits.BlockBytes;
            Assert.Equal(bytes, await volume.WriteAsync(file, (long)first * Limits.BlockBytes, source.Slice.Slice(0, bytes), WriteOptions.None, Root));
            if (i % 20 == 7)
            {
                Assert.Equal(0, (await volume.SetSizeAsync(file, (long)random.Next(blocks) * Limits.BlockBytes, default, Root)).Errno);
            }
            if (i % 20 == 13)
            {
                Assert.Equal(0, await volume.FallocateAsync(file, FallocateMode.PunchHole | FallocateMode.KeepSize, (long)first * Limits.BlockBytes, bytes, Root));
            }
        }
    }

    private static async Task ReadBlocksAsync(Volume volume, ulong file, int blocks, int seed, CancellationToken stop)
    {
        var random = new FakeRandom((ulong)seed + 90);
        var destination = new Pinned(blocks * Limits.BlockBytes);
        while (!stop.IsCancellationRequested)
        {
            long offset = (long)random.Next(blocks) * Limits.BlockBytes;
            int read = await volume.ReadAsync(file, offset, destination.Slice);
            Assert.True(read >= 0, $"read at {offset}: {read}");
            for (int at = 0; at + Limits.BlockBytes <= read; at += Limits.BlockBytes)
            {
                Span<byte> block = destination.Span.Slice(at, Limits.BlockBytes);
                Assert.True(block.IndexOfAnyExcept(block[0]) < 0, $"block at {offset + at} is mixed");
            }
        }
    }

    /// <summary>A file once whole never shows zeros again, however its extents are cut, merged and replaced.</summary>
    [Fact]
    public async Task AWholeFileNeverShowsAHoleWhileItIsOverwritten()
    {
        const int blocks = 48;
        using var device = new MemoryBlockDevice(128 << 20);
        using Volume volume = await OpenAsync(device, CodecKind.None, new FakeLog());
        ulong file = await CreateAsync(volume, "whole");
        var all = new Pinned(blocks * Limits.BlockBytes);
        all.Span.Fill(1);
        Assert.Equal(all.Span.Length, await volume.WriteAsync(file, 0, all.Slice, WriteOptions.None, Root));
        using var stop = new CancellationTokenSource();
        Task reader = Task.Run(async () =>
        {
            var destination = new Pinned(blocks * Limits.BlockBytes);
            while (!stop.IsCancellationRequested)
            {
                Assert.Equal(destination.Span.Length, await volume.ReadAsync(file, 0, destination.Slice));
                int zero = destination.Span.IndexOf((byte)0);
                Assert.True(zero < 0, $"zeros at {zero}");
            }
        });
        var random = new FakeRandom(5);
        for (int i = 0; i < 1500; i++)
        {
            int first = random.Next(blocks), count = 1 + random.Next(blocks - first);
            await volume.WriteAsync(file, (long)first * Limits.BlockBytes, all.Slice.Slice(0, count * Limits.BlockBytes), WriteOptions.None, Root);
        }
        await stop.CancelAsync();
        await reader;
        Assert.Equal(0, await volume.CloseAsync());
    }
}
