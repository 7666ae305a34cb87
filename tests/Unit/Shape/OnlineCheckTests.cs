using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Verify;
using Xunit;

namespace Txlfs.Tests.Unit.Shape;

/// <summary>The check of a volume that works: one sound state whatever goes on beside it, and damage on the device below a mount that does not notice it.</summary>
public class OnlineCheckTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void UnderLoadNothingIsFound(ulong seed)
    {
        using SimulatedVolume volume = SimulatedVolume.Format(seed, 64 << 20);
        for (int i = 0; i < 300; i++)
        {
            Assert.Equal(0, volume.WriteFile($"file{i}", 3000 + (i * 50)));
        }
        var progress = new Counter();
        Task<OnlineCheckReport> check = volume.Volume.CheckOnlineAsync(checksData: true, progress).AsTask();
        int rounds = 0;
        for (; !check.IsCompleted; rounds++)
        {
            // Everything is written anew and the old space asked for again and again, which would be the check's if it were not kept.
            volume.WriteFile(volume.Lookup($"file{rounds % 300}").Value.Inode, $"other{rounds}", 9000);
            volume.Unlink($"file{(rounds * 7) % 300}");
            volume.WriteFile($"file{(rounds * 7) % 300}", 4000);
            if (rounds % 5 == 0)
            {
                Assert.Equal(0, volume.Runtime.RunToEnd(volume.Volume.CheckpointAsync()));
            }
        }
        FindingList findings = volume.Runtime.RunToEnd(new ValueTask<OnlineCheckReport>(check)).Findings;
        Assert.Empty(findings.Kept);
        Assert.True(rounds > 5, "the check ended before there was any load");
        Assert.True(progress.Units >= 600, $"{progress.Units} records seen");
        volume.CheckClean();
    }

    /// <summary>What the daemon holds in memory hides the damage from it; the check reads the device.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void PlantedDamageIsFound(ulong seed)
    {
        using SimulatedVolume volume = SimulatedVolume.Format(seed, 64 << 20);
        for (int i = 0; i < 500; i++)
        {
            Assert.Equal(0, volume.WriteFile($"file{i}", 100));
        }
        Assert.Empty(Check(volume).Kept);

        // Everything but the superblocks and the ring: whatever page the check's checkpoint does not write anew is among it.
        volume.Device.CorruptAtRest(SimulatedVolume.SegmentBytes, 20 << 20, seed);
        Assert.True(Check(volume).Of(FindingSeverity.Loss) > 0, "the damage was not seen");
        Assert.True(volume.Lookup("file7").IsOk, "the mount itself goes on");
    }

    [Fact]
    public void AVolumeThatNeedsTheSpaceComesFirst()
    {
        using SimulatedVolume volume = SimulatedVolume.Format(7, 48 << 20);
        for (int i = 0; i < 2000; i++)
        {
            Assert.Equal(0, volume.WriteFile($"small{i}", 100));
        }
        ulong[] inodes = [.. Enumerable.Range(0, 22).Select(i => Create(volume, $"file{i}"))];
        Array.ForEach(inodes, inode => Assert.Equal(0, volume.WriteFile(inode, "old", 1 << 20)));
        Task<OnlineCheckReport> check = volume.Volume.CheckOnlineAsync().AsTask();

        // Many times the volume's size through half of it: without the space that is given back again and again there is none.
        int round = 0;
        for (; round < 400 && !check.IsCompleted; round++)
        {
            Assert.Equal(0, volume.WriteFile(inodes[round % inodes.Length], $"content{round}", 1 << 20));
        }
        Assert.True(check.IsFaulted, $"not given up in {round} rounds");
        VolumeException given = Assert.Throws<VolumeException>(() => volume.Runtime.RunToEnd(new ValueTask<OnlineCheckReport>(check)));
        Assert.Equal(Errno.EAGAIN, given.Errno);
        Assert.Empty(Check(volume).Kept);
    }

    [Fact]
    public void ItEndsWhenItIsToldToAndCanBeRunAgain()
    {
        using SimulatedVolume volume = SimulatedVolume.Format(8, 64 << 20);
        Assert.Equal(0, volume.WriteFile("file", 1000));
        Assert.Throws<OperationCanceledException>(() => volume.Runtime.RunToEnd(volume.Volume.CheckOnlineAsync(checksData: false, new Holder(() => throw new OperationCanceledException()))));
        using var cancelled = new CancellationTokenSource();
        Task<OnlineCheckReport> check = volume.Volume.CheckOnlineAsync(checksData: true, new Holder(cancelled.Cancel), cancelled.Token).AsTask();
        Assert.ThrowsAny<OperationCanceledException>(() => volume.Runtime.RunToEnd(new ValueTask<OnlineCheckReport>(check)));
        Assert.Empty(Check(volume).Kept);
    }

    [Fact]
    public void AReadOnlyMountIsCheckedAsTheNewestCheckpointHasIt()
    {
        using SimulatedVolume volume = SimulatedVolume.Format(9, 64 << 20);
        Assert.Equal(0, volume.WriteFile("file", 1000));
        Assert.Equal(0, volume.Runtime.RunToEnd(volume.Volume.CloseAsync()));
        volume.Crash();
        volume.Open(isReadOnly: true);
        Assert.Empty(Check(volume).Kept);
    }

    private static FindingList Check(SimulatedVolume volume) => volume.Runtime.RunToEnd(volume.Volume.CheckOnlineAsync()).Findings;

    private static ulong Create(SimulatedVolume volume, string name) => volume.Runtime.RunToEnd(() => volume.CreateAsync(name)).Value.Inode;

    private sealed class Counter : ICheckProgress
    {
        public long Units { get; private set; }

        public void Begin(CheckPass pass, long total)
        {
        }

        public void Advance(long units) => Units += units;
    }

    /// <summary>Does something once, in the middle of the check.</summary>
    private sealed class Holder(Action once) : ICheckProgress
    {
        private Action? _once = once;

        public void Begin(CheckPass pass, long total)
        {
        }

        public void Advance(long units)
        {
            Action? now = _once;
            _once = null;
            now?.Invoke();
        }
    }
}
