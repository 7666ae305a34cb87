using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;
using Xunit;
using Xunit.Abstractions;

namespace Txlfs.Tests.Unit.Cleaning;

public class CleaningTests(ITestOutputHelper output)
{
    private static readonly FormatOptions Raw = new() { SegmentBytes = 2 << 20, Compression = CodecKind.None };
    private static readonly FormatOptions Packed = Raw with { Compression = CodecKind.Lz4 };

    /// <summary>Three times the volume's size in random overwrites: only a cleaner makes that possible.</summary>
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 24)]
    [InlineData(true, 24)]
    public void RandomOverwritesGoOnForEverAndKeepTheContent(bool isCompressible, int maxBlocks)
    {
        var random = new SeededRandom(3);
        using var device = new MemoryBlockDevice(64L << 20);
        using var files = new BlockFiles(new SimulatedRuntime(1), device, isCompressible ? Packed : Raw) { IsCompressible = isCompressible };
        int blocks = (int)(files.AvailableBytes * 8 / 10 / BlockFiles.BlockBytes);
        Assert.Equal(0, files.Create("file", blocks));
        for (int at = 0; at < blocks; at += 64)
        {
            Assert.Equal(0, files.Write("file", at, Math.Min(64, blocks - at)));
        }
        for (long written = 0; written < 3 * device.LengthBytes;)
        {
            int count = random.Between(1, maxBlocks), at = random.Below(blocks - count);
            Assert.Equal(0, files.Write("file", at, count));
            written += count * BlockFiles.BlockBytes;
        }
        files.CheckContent();
        files.CheckSound();
        Assert.True(files.Metric("cleaner", "victims") > 20);
        output.WriteLine(string.Join(", ", files.Volume.Metrics().Where(metric => metric.Group is "cleaner" or "log" or "space" or "device").Select(metric => $"{metric.Name} {metric.Value}")));
        files.Remount();
        files.CheckContent();
        files.CheckSound();
    }

    /// <summary>
    /// Copies share the original's bytes under its tags. When the original and a part of the copies are overwritten, only records that no tag leads to name
    /// what is left: of one copy, or of several that make the segments look fuller than they are.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void SegmentsThatHoldSharedBytesAreCleanedAndStayShared(int copies)
    {
        using var device = new MemoryBlockDevice(64L << 20);
        using var files = new BlockFiles(new SimulatedRuntime(2), device, Raw);
        const int blocks = 2048;
        Assert.Equal(0, files.Create("original", blocks));
        WriteEverySecond(files, "original", 0, 1);
        for (int i = 0; i < copies; i++)
        {
            files.Share("original", $"copy{i}");
        }
        foreach (string name in files.Names)
        {
            WriteEverySecond(files, name, 0, 2);
        }
        WriteEverySecond(files, "original", 0, 1);

        // Now the volume is filled: the room that the dead half of the shared segments takes is wanted.
        int count = 0;
        while (files.Create($"fill{count}", 64) == 0 && files.Write($"fill{count}", 0, 64) == 0)
        {
            count++;
        }
        var random = new SeededRandom(9);
        for (int i = 0; i < 2000; i++)
        {
            Assert.Equal(0, files.Write($"fill{random.Below(count)}", random.Below(64), 1));
        }
        files.CheckContent();
        files.CheckSound();
        output.WriteLine($"index passes {files.Metric("cleaner", "indexPasses")}, files {count}, live {files.Metric("space", "liveBytes")}");
        Assert.True(files.Metric("cleaner", "indexPasses") > 0);
        foreach (string name in files.Names)
        {
            Assert.Equal(0, files.Delete(name));
        }
        files.Remount();
        files.CheckSound();
        Assert.Equal(files.Volume.Engine.Budget.UsableBytes, files.AvailableBytes + files.Metric("space", "liveBytes"));
    }

    private static void WriteEverySecond(BlockFiles files, string name, int first, int step)
    {
        for (int at = first * 16; at < files.BlocksOf(name); at += 16 * step)
        {
            Assert.Equal(0, files.Write(name, at, 16));
        }
    }

    /// <summary>A block that has rotten is not moved under a fresh digest: it stays where it is, unreadable, and everything else goes on.</summary>
    [Fact]
    public void RotIsNeitherMovedNorHidden()
    {
        var runtime = new SimulatedRuntime(7);
        using var device = new MemoryBlockDevice(64L << 20);
        using var files = new BlockFiles(runtime, device, Raw);
        Assert.Equal(0, files.Create("rotten", 16));
        Assert.Equal(0, files.Write("rotten", 0, 16));
        int blocks = (int)(files.AvailableBytes * 8 / 10 / BlockFiles.BlockBytes);
        Assert.Equal(0, files.Create("churn", blocks));
        Assert.Equal(0, files.Write("churn", 0, 64));
        files.Runtime.RunToEnd(files.Volume.CheckpointAsync());
        Damage(device, files);
        var random = new SeededRandom(5);
        for (int at = 0; at < blocks; at += 64)
        {
            Assert.Equal(0, files.Write("churn", at, Math.Min(64, blocks - at)));
        }
        for (int i = 0; i < 30_000; i++)
        {
            Assert.Equal(0, files.Write("churn", random.Below(blocks), 1));
        }
        files.CheckContent("churn");
        Assert.Equal(Errno.EIO, runtime.RunToEnd(() => files.Driver.ReadAsync(files.InodeOf("rotten"), 0, 16 * BlockFiles.BlockBytes)).Errno);
        Assert.Contains(runtime.Log.Messages, line => line.Message.Contains("cannot be moved", StringComparison.Ordinal));
    }

    /// <summary>Turns over one byte of the first block of the file, wherever that is.</summary>
    private static void Damage(MemoryBlockDevice device, BlockFiles files)
    {
        using var sought = new NativeBuffer(BlockFiles.BlockBytes);
        Assert.Equal(BlockFiles.BlockBytes, files.Runtime.RunToEnd(() => files.Volume.ReadAsync(files.InodeOf("rotten"), 0, sought.Slice)));
        using var block = new NativeBuffer(BlockFiles.BlockBytes);
        for (long at = 0; at < device.LengthBytes; at += BlockFiles.BlockBytes)
        {
            Assert.Equal(0, files.Runtime.RunToEnd(device.ReadAsync(at, block.Slice)));
            if (block.Slice.Span.SequenceEqual(sought.Slice.Span))
            {
                block.Slice.Span[100] ^= 1;
                Assert.Equal(0, files.Runtime.RunToEnd(device.WriteAsync(at, block.Slice)));
                return;
            }
        }
        Assert.Fail("the block is not on the device");
    }

    /// <summary>Foreground writers overwrite what the cleaner is about to move, on a device that takes its time and completes in any order.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void WritersThatRaceWithTheCleanerWin(int seed)
    {
        var runtime = new SimulatedRuntime((ulong)seed);
        using var device = new SimulatedBlockDevice(runtime, 40L << 20);
        using var files = new BlockFiles(runtime, device, Raw);
        int blocks = (int)(files.AvailableBytes * 8 / 10 / BlockFiles.BlockBytes) / 3;
        string[] names = ["a", "b", "c"];
        foreach (string name in names)
        {
            Assert.Equal(0, files.Create(name, blocks));
        }
        runtime.Run(() => new ValueTask(Task.WhenAll(names.Select(name => ChurnAsync(files, name, blocks, new SeededRandom((ulong)(seed * 31) + name[0]))))));
        files.CheckContent();
        files.CheckSound();
        output.WriteLine($"victims {files.Metric("cleaner", "victims")}, lost races {files.Metric("cleaner", "lostRaces")}");
        Assert.True(files.Metric("cleaner", "victims") > 5);
        files.Remount();
        files.CheckContent();
    }

    private static async Task ChurnAsync(BlockFiles files, string name, int blocks, SeededRandom random)
    {
        for (int at = 0; at < blocks; at += 32)
        {
            Assert.Equal(0, await files.WriteAsync(name, at, Math.Min(32, blocks - at)));
        }
        for (int i = 0; i < 3000; i++)
        {
            // Mostly a small hot part, so that hot and cold data are mixed in every segment.
            int at = random.OneIn(4) ? random.Below(blocks - 8) : random.Below(blocks / 10);
            int result = await files.WriteAsync(name, at, random.Between(1, 8));
            Assert.True(result == 0, $"write {i} of {name} gave errno {result}; {files.DescribeSegments()}");
        }
    }
}
