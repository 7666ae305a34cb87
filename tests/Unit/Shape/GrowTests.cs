using Txlfs.Journal;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Lfs;
using Xunit;

namespace Txlfs.Tests.Unit.Shape;

/// <summary>A volume that grows while it works: wherever the power goes it has the old or the new size, and everything that was acknowledged.</summary>
public class GrowTests
{
    private const long OldBytes = 40 << 20, NewBytes = 90 << 20;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ACutLeavesTheOldOrTheNewSize(ulong seed)
    {
        using SimulatedVolume volume = SimulatedVolume.Format(seed, NewBytes, OldBytes);
        Assert.Equal(0, volume.WriteFile("first", 500_000));
        volume.Sync();
        List<CrashImage> cuts = [];
        volume.Device.OnEvent = _ => cuts.AddRange(Enumerable.Range(0, 2).Select(i => volume.Device.PeekCut(CutPolicy.Random((seed * 1000) + (ulong)(cuts.Count + i)))));
        Task growing = volume.Volume.ResizeAsync(NewBytes).AsTask();
        for (int i = 0; !growing.IsCompleted && i < 50; i++)
        {
            Assert.Equal(0, volume.WriteFile($"during{i}", 50_000));
        }
        volume.Runtime.RunToEnd(new ValueTask(growing));
        cuts.Add(volume.Device.PeekCut(CutPolicy.DropAll));
        volume.Device.OnEvent = null;
        Assert.Equal(NewBytes, volume.Volume.DeviceBytes);

        List<long> sizes = [];
        foreach (CrashImage cut in cuts)
        {
            using SimulatedVolume after = SimulatedVolume.FromCut(volume.Runtime, cut);
            long size = after.Volume.DeviceBytes;
            sizes.Add(size);
            after.CheckFile("first", 500_000);
            after.CheckClean();
            Assert.Equal(size == OldBytes ? 18 : 43, after.Volume.Statistics().TotalBytes / SimulatedVolume.SegmentBytes);
            after.Reopen();
            Assert.Equal(size, after.Volume.DeviceBytes);
            after.CheckClean();
        }
        Assert.Contains(OldBytes, sizes);
        Assert.Equal(NewBytes, sizes[^1]);
    }

    [Fact]
    public void TheNewSpaceCanBeWrittenAtOnceAndIsThereAfterACrash()
    {
        using SimulatedVolume volume = SimulatedVolume.Format(4, NewBytes, OldBytes);
        int files = Fill(volume, 0);
        Assert.InRange(files, 15, 38);
        volume.Runtime.RunToEnd(volume.Volume.ResizeAsync(NewBytes));
        int more = Fill(volume, files);
        Assert.InRange(more - files, 43, 52);
        volume.Sync();
        volume.Crash();
        volume.Open();
        for (int i = 0; i < more; i++)
        {
            volume.CheckFile($"file{i}", 1 << 20);
        }
        volume.CheckClean();
    }

    /// <summary>From less than one chunk of the segment table to several, and again; and a crash between.</summary>
    [Fact]
    public void TheTableGrowsOverItsChunksAndDirectories()
    {
        const long chunkBytes = 256L * SimulatedVolume.SegmentBytes, directoryBytes = 128 * chunkBytes;
        using SimulatedVolume volume = SimulatedVolume.Format(5, 3 * directoryBytes, 100 << 20);
        Assert.Equal(0, volume.WriteFile("file", 300_000));
        foreach (long bytes in (long[])[chunkBytes, (3 * chunkBytes) + (17 << 20), directoryBytes + chunkBytes, (2 * directoryBytes) + 12345])
        {
            volume.Runtime.RunToEnd(volume.Volume.ResizeAsync(bytes));
            Assert.Equal(bytes / 4096 * 4096, volume.Volume.DeviceBytes);
            volume.Crash();
            volume.Open();
            volume.CheckFile("file", 300_000);
            volume.CheckClean();
            volume.Reopen();
        }
    }

    [Fact]
    public void WhatCannotBeIsRefused()
    {
        using SimulatedVolume volume = SimulatedVolume.Format(6, NewBytes, OldBytes);
        Assert.Equal(Errno.ENOSPC, Refusal(volume, NewBytes + 4096));
        Assert.Equal(Errno.EINVAL, Refusal(volume, 4 << 20));
        Assert.Equal(Errno.EOPNOTSUPP, Refusal(volume, OldBytes - (4 << 20)));
        volume.Runtime.RunToEnd(volume.Volume.ResizeAsync(OldBytes));
        Assert.Equal(OldBytes, volume.Volume.DeviceBytes);
    }

    private static int Refusal(SimulatedVolume volume, long bytes)
        => Assert.Throws<VolumeException>(() => volume.Runtime.RunToEnd(volume.Volume.ResizeAsync(bytes))).Errno;

    /// <summary>Files of a mebibyte until the volume is full; the number of the next one.</summary>
    private static int Fill(SimulatedVolume volume, int next)
    {
        while (volume.WriteFile($"file{next}", 1 << 20) == 0)
        {
            next++;
        }
        volume.Unlink($"file{next}");
        return next;
    }
}
