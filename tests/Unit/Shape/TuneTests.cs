using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Lfs;
using Xunit;

namespace Txlfs.Tests.Unit.Shape;

/// <summary>Label, UUID and codec of a volume that lives: wherever the power goes, the old or the new state, whole, and the same one ever after.</summary>
public class TuneTests
{
    private static readonly Guid NewUuid = new("0f0e0d0c-0b0a-4908-8706-050403020100");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ACutLeavesTheOldOrTheNewState(ulong seed)
    {
        using SimulatedVolume volume = SimulatedVolume.Format(seed, 64 << 20);
        Assert.Equal(0, volume.WriteFile("file", 100_000));
        volume.Sync();
        Guid oldUuid = volume.Volume.Uuid;
        List<CrashImage> cuts = [];
        volume.Device.OnEvent = _ => cuts.AddRange(Enumerable.Range(0, 4).Select(i => volume.Device.PeekCut(CutPolicy.Random(seed + (ulong)(cuts.Count * 7) + (ulong)i))));
        volume.Runtime.RunToEnd(volume.Volume.TuneAsync(new TuneOptions { Label = "after", Uuid = NewUuid, Compression = CodecKind.Zstd }));
        cuts.Add(volume.Device.PeekCut(CutPolicy.DropAll));
        volume.Device.OnEvent = null;
        Assert.Equal(("after", NewUuid), (volume.Volume.Label, volume.Volume.Uuid));

        List<string> seen = [];
        foreach (CrashImage cut in cuts)
        {
            using SimulatedVolume after = SimulatedVolume.FromCut(volume.Runtime, cut);
            string label = after.Volume.Label;
            seen.Add(label);
            Assert.Equal(label == "after" ? NewUuid : oldUuid, after.Volume.Uuid);
            after.CheckFile("file", 100_000);
            after.CheckClean();
            after.Reopen();
            foreach (long copy in (long[])[0, SimulatedVolume.SegmentBytes - 4096, (64 << 20) - 4096])
            {
                after.Device.CorruptAtRest(copy, 4096, seed);
                after.Reopen();
                Assert.Equal(label, after.Volume.Label);
            }
        }
        Assert.Contains("before", seen);
        Assert.Equal("after", seen[^1]);
    }

    [Fact]
    public void WhatIsThereOutlivesAChangeOfUuidAndCodec()
    {
        using SimulatedVolume volume = SimulatedVolume.Format(5, 64 << 20);
        Guid first = volume.Volume.Uuid;
        foreach ((int i, CodecKind codec) in new[] { CodecKind.Snappy, CodecKind.None, CodecKind.Zstd }.Index())
        {
            Assert.Equal(0, volume.WriteFile($"before{i}", 200_000));
            volume.Runtime.RunToEnd(volume.Volume.TuneAsync(new TuneOptions { Compression = codec, Uuid = NewUuid }));
            Assert.Equal(0, volume.WriteFile($"after{i}", 200_000));
            volume.Sync();
            volume.Crash();
            volume.Open();
            Assert.Equal(NewUuid, volume.Volume.Uuid);
        }
        volume.Runtime.RunToEnd(volume.Volume.TuneAsync(new TuneOptions { Uuid = first }));
        volume.Reopen();
        Assert.Equal((first, "before"), (volume.Volume.Uuid, volume.Volume.Label));
        for (int i = 0; i < 3; i++)
        {
            volume.CheckFile($"before{i}", 200_000);
            volume.CheckFile($"after{i}", 200_000);
        }
        volume.CheckClean();
    }

    [Fact]
    public void WhatCannotBeIsRefusedAndChangesNothing()
    {
        using SimulatedVolume volume = SimulatedVolume.Format(6, 64 << 20);
        Assert.Throws<VolumeException>(() => volume.Runtime.RunToEnd(volume.Volume.TuneAsync(new TuneOptions { Label = new string('x', 65) })));
        Assert.Throws<VolumeException>(() => volume.Runtime.RunToEnd(volume.Volume.TuneAsync(new TuneOptions { Compression = (CodecKind)77 })));
        volume.Crash();
        volume.Open(isReadOnly: true);
        Assert.Throws<VolumeException>(() => volume.Runtime.RunToEnd(volume.Volume.TuneAsync(new TuneOptions { Label = "x" })));
        Assert.Equal("before", volume.Volume.Label);
    }

    [Fact]
    public void AFailedWriteEndsTheVolumesChanges()
    {
        using SimulatedVolume volume = SimulatedVolume.Format(7, 64 << 20);
        volume.Sync();
        volume.Device.Faults.FailWrite(volume.Device.Counters.Writes + 2, Errno.EIO);
        Assert.Throws<VolumeException>(() => volume.Runtime.RunToEnd(volume.Volume.TuneAsync(new TuneOptions { Label = "x" })));
        Assert.Equal(-Errno.EROFS, volume.WriteFile("late", 10));
    }
}
