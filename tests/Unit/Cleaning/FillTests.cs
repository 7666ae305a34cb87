using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;
using Xunit;
using Xunit.Abstractions;

namespace Txlfs.Tests.Unit.Cleaning;

/// <summary>Contract 4: df is the truth to the last byte, deleting works on a full volume, and the cleaner never starves.</summary>
public class FillTests(ITestOutputHelper output)
{
    private const int Mebibyte = 1 << 20;
    private static readonly FormatOptions Raw = new() { SegmentBytes = 2 * Mebibyte, Compression = CodecKind.None };

    [Theory]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(256)]
    public void LargeFilesFillWhatDfShows(int mebibytes)
    {
        using var device = new MemoryBlockDevice((long)mebibytes * Mebibyte);
        using var files = new BlockFiles(new SimulatedRuntime(1), device, Raw);
        long shown = files.AvailableBytes;
        Assert.Equal(0, files.Create("large", (int)(device.LengthBytes / BlockFiles.BlockBytes)));
        long written = 0;
        int result;
        while ((result = files.Write("large", (int)(written / BlockFiles.BlockBytes), 64)) == 0)
        {
            written += 64 * BlockFiles.BlockBytes;
        }
        Assert.Equal(Errno.ENOSPC, result);
        Report("large", device, shown, written, files);
        AssertTrue(shown, written, device);
        Assert.InRange(files.AvailableBytes, 0, device.LengthBytes / 100);
        Survives(files, device, shown);
    }

    [Theory]
    [InlineData(64, 5)]
    [InlineData(128, 3)]
    [InlineData(256, 17)]
    public void SmallFilesFillWhatDfShows(int mebibytes, int blocksEach)
    {
        using var device = new MemoryBlockDevice((long)mebibytes * Mebibyte);
        using var files = new BlockFiles(new SimulatedRuntime(1), device, Raw);
        long shown = files.AvailableBytes;
        int count = 0, result;
        while ((result = files.Create($"file{count}", blocksEach)) == 0 && (result = files.Write($"file{count}", 0, blocksEach)) == 0)
        {
            count++;
        }
        Assert.Equal(Errno.ENOSPC, result);
        files.Runtime.RunToEnd(files.Volume.CheckpointAsync());
        long stored = (long)count * blocksEach * BlockFiles.BlockBytes;
        Report("small", device, shown, stored, files);

        // Names, inodes and extents cost something too: less than a tenth for files of this size, and df has shown it as used all along.
        Assert.InRange(stored, shown * 9 / 10, shown);
        Assert.InRange(files.AvailableBytes, 0, Tolerance(device));
        Survives(files, device, shown);
    }

    /// <summary>A volume that is full to the last byte, and several times its size of overwrites of single blocks.</summary>
    [Theory]
    [InlineData(64, 3)]
    public void AFullFileCanBeOverwrittenForEver(int mebibytes, int laps)
    {
        var random = new SeededRandom(4);
        using var device = new MemoryBlockDevice((long)mebibytes * Mebibyte);
        using var files = new BlockFiles(new SimulatedRuntime(1), device, Raw);
        long shown = files.AvailableBytes;
        int blocks = 0;
        Assert.Equal(0, files.Create("full", (int)(device.LengthBytes / BlockFiles.BlockBytes)));
        while (files.Write("full", blocks, 32) == 0)
        {
            blocks += 32;
        }
        int refused = 0;
        for (long written = 0; written < laps * device.LengthBytes; written += BlockFiles.BlockBytes)
        {
            int result = files.Write("full", random.Below(blocks), 1);
            refused += result == 0 ? 0 : 1;
            Assert.True(refused < 100, $"refused with {result} after {written >> 20} MiB; {files.DescribeSegments()}");
        }
        Report("overwritten", device, shown, (long)blocks * BlockFiles.BlockBytes, files);
        Assert.Equal(0, refused);
        Assert.True(files.Metric("cleaner", "victims") > 0);
        files.CheckContent();
        Survives(files, device, shown);
    }

    /// <summary>No remount and no delete fails on a full volume, and the space comes back.</summary>
    private static void Survives(BlockFiles files, MemoryBlockDevice device, long shown)
    {
        files.CheckSound();
        files.Remount();
        files.CheckSound();
        Assert.InRange(files.AvailableBytes, 0, Tolerance(device) * 2);
        foreach (string name in files.Names)
        {
            Assert.Equal(0, files.Delete(name));
        }
        Assert.Equal(0, files.Create("again", 64));
        Assert.Equal(0, files.Write("again", 0, 64));
        files.CheckContent();
        files.Remount();
        Assert.InRange(files.AvailableBytes, shown - Tolerance(device) * 2, shown);
        files.CheckSound();
    }

    private static void AssertTrue(long shown, long written, MemoryBlockDevice device)
        => Assert.True(Math.Abs(shown - written) <= Tolerance(device), $"df showed {shown}, {written} could be written, tolerance {Tolerance(device)}");

    /// <summary>One percent, but not less than one segment.</summary>
    private static long Tolerance(MemoryBlockDevice device) => Math.Max(device.LengthBytes / 100, 2 * Mebibyte);

    private void Report(string what, MemoryBlockDevice device, long shown, long written, BlockFiles files)
    {
        output.WriteLine($"{what}: {device.LengthBytes >> 20} MiB, shown {shown}, written {written} ({100.0 * (shown - written) / device.LengthBytes:F2} % of the volume less), left {files.AvailableBytes}");
        output.WriteLine(string.Join(", ", files.Volume.Metrics().Where(metric => metric.Group is "cleaner" or "log" or "space" or "device").Select(metric => $"{metric.Name} {metric.Value}")));
    }
}
