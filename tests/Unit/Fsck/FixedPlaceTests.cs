using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Verify;
using Xunit;

namespace Txlfs.Tests.Unit.Fsck;

/// <summary>Damage outside of the records: superblocks, checkpoint slots, segment table, counters, data.</summary>
public sealed class FixedPlaceTests : IDisposable
{
    private readonly FsckFixture _volume = new();
    private readonly Dictionary<string, ulong> _inodes;

    public FixedPlaceTests() => _inodes = _volume.Populate();

    public void Dispose() => _volume.Dispose();

    [Theory]
    [InlineData(0L)]
    [InlineData(FsckFixture.SegmentBytes - 4096L)]
    [InlineData((64L << 20) - 4096)]
    public void ABadSuperblockCopyIsWrittenAnew(long address)
    {
        byte[] good = _volume.ReadRaw(address, 4096);
        _volume.Rot(address + 100, 20);
        _volume.FindAndMend(FindingKind.Superblock, Remedy.Certain);
        Assert.Equal(good, _volume.ReadRaw(address, 4096));
    }

    [Fact]
    public void WithoutAnySuperblockThereIsNoVolume()
    {
        foreach (long address in (long[])[0, FsckFixture.SegmentBytes - 4096, (64L << 20) - 4096])
        {
            _volume.Rot(address, 4096);
        }
        Assert.Throws<VolumeException>(() => _volume.Check());
    }

    [Fact]
    public void ADamagedCheckpointSlotIsCleared()
    {
        ulong newest = Newest();
        long address = Superblock.RingSlotAddress(newest - 1);
        _volume.Rot(address, 100);
        _volume.FindAndMend(FindingKind.CheckpointSlot, Remedy.Certain);
        Assert.True(_volume.ReadRaw(address, 4096).AsSpan().IndexOfAnyExcept((byte)0) < 0 || Newest() >= newest);
    }

    /// <summary>The newest record is lost: the one before it and the log behind it give the same state, because nothing was overwritten since.</summary>
    [Fact]
    public void ATornNewestSlotIsNoLoss()
    {
        _volume.Use(volume => _volume.Write(volume, Limits.RootInode, "late", "late", new byte[50_000]), isCrash: true);
        _volume.WriteRaw(Superblock.RingSlotAddress(Newest() + 1), new byte[] { 1, 2, 3 });
        CheckReport report = _volume.Check();
        Assert.Equal(FindingSeverity.Notice, Assert.Single(report.Found.Kept).Severity);
        Assert.Equal(0, report.Left.Errors);
        _volume.CheckFiles();
    }

    [Fact]
    public void AWrongSegmentTableIsSetRight()
    {
        _volume.Plant(session =>
        {
            for (int i = 0; i < session.Engine.Segments.Count; i++)
            {
                session.Engine.Segments.Correct(i, session.Engine.Segments[i].LiveBytes + 1000, mayFree: false);
            }
        });
        _volume.FindAndMend(FindingKind.SegmentLive, Remedy.Certain);
    }

    /// <summary>The dangerous one: segments with data are said to be free. Nothing may be written before that is set right.</summary>
    [Fact]
    public void SegmentsThatAreWronglyFreeAreNotWrittenInto()
    {
        _volume.Use(volume =>
        {
            for (int i = 0; i < 8; i++)
            {
                var noise = new byte[1 << 20];
                new Xoshiro256((ulong)i + 1).Fill(noise);
                _volume.Write(volume, Limits.RootInode, $"more {i}", $"more {i}", noise);
            }
        });
        _volume.Plant(session =>
        {
            for (int i = 0; i < session.Engine.Segments.Count; i++)
            {
                session.Engine.Segments.Correct(i, 0, mayFree: true);
            }
        });
        CheckReport report = _volume.FindAndMend(FindingKind.SegmentLive, Remedy.Certain);
        Assert.Contains(report.Found.Kept, finding => finding.Text.Contains("is free and has", StringComparison.Ordinal));
    }

    [Fact]
    public void ALostSegmentTableIsRecomputed()
    {
        CheckpointRecord record = NewestRecord();
        _volume.Rot((long)record.SegmentTable.AddressBytes, 16);
        Assert.Throws<VolumeException>(() => _volume.Use(_ => { }));
        _volume.FindAndMend(FindingKind.SegmentTable, Remedy.Certain);
    }

    [Fact]
    public void WrongCountersAreCorrected()
    {
        _volume.Plant(session =>
        {
            session.Engine.CorrectCounters(0, 0, 77);
            session.Engine.Tree.CorrectRecords(5);
        });
        CheckReport report = _volume.FindAndMend(FindingKind.InodeCount, Remedy.Certain);
        Assert.Contains(report.Found.Kept, finding => finding.Kind == FindingKind.IndexRecordCount);
    }

    [Fact]
    public void ARecordFromTheFutureAndAnInodeNumberThatWasNotGivenOut()
    {
        var value = new byte[InodeRecord.SizeBytes];
        InodeRecord.Write(value, new InodeAttributes { Mode = 0x81A4, Nlink = 1, Generation = 1 });
        _volume.Plant((FsckFixture.InodeKey(5000), value));
        byte[] expected = [];
        CheckReport report = _volume.FindAndMend(FindingKind.NextInode, Remedy.Certain);
        Assert.Contains(report.Found.Kept, finding => finding.Kind == FindingKind.NoName);
        _volume.Use(volume => Assert.Equal(expected, _volume.Read(volume, "lost+found/#5000")));
    }

    [Fact]
    public void RottenDataIsNamedWithItsPlaceAndEverythingElseIsKept()
    {
        (Key key, byte[] value) = _volume.First(_inodes["noise"], RecordKind.Extent);
        long address = ExtentRecord.Address(value);
        _volume.Rot(address + 5000, 8);
        Assert.Empty(_volume.Check().Found.Kept);
        CheckReport report = _volume.Check(RepairMode.All, data: true);
        Finding finding = Assert.Single(report.Left.Kept);
        Assert.Equal((FindingKind.Data, "/dir/sub/noise", (long)key.Sub, address), (finding.Kind, finding.Path, finding.OffsetBytes, finding.AddressBytes));
        Assert.Equal(1, report.Left.Errors);
        _volume.Forget("dir/sub/noise");
        _volume.CheckFiles();
    }

    private ulong Newest() => NewestRecord().Number;

    private CheckpointRecord NewestRecord()
    {
        var ring = new RingCheck(_volume.Device, _volume.Superblock(), new FindingList());
        _volume.Runtime.RunToEnd(ring.RunAsync());
        return ring.Newest!;
    }
}
