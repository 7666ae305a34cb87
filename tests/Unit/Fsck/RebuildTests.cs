using System.Text;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Verify;
using Xunit;

namespace Txlfs.Tests.Unit.Fsck;

/// <summary>The index made anew from a scan of the device.</summary>
public sealed class RebuildTests : IDisposable
{
    private const int SmallFiles = 3000;
    private readonly FsckFixture _volume = new(128L << 20);

    public void Dispose() => _volume.Dispose();

    /// <summary>Thousands of files over several checkpoints, some removed and overwritten again, the last ones only in the log.</summary>
    private void Fill(int files = SmallFiles)
    {
        _volume.Use(volume =>
        {
            var random = new Xoshiro256(9);
            ulong directory = 0;
            for (int i = 0; i < files; i++)
            {
                string folder = $"folder {i / 200}";
                directory = i % 200 == 0 ? _volume.MakeDirectory(volume, Limits.RootInode, folder) : directory;
                var content = new byte[i % 50 == 0 ? 20_000 + random.Next(60_000) : random.Next(300)];
                random.Fill(content);
                _volume.Write(volume, directory, $"file {i}", $"{folder}/file {i}", content);
                if (i % 7 == 3 && i % 200 != 0)
                {
                    Assert.Equal(0, _volume.Named($"file {i - 1}", name => volume.UnlinkAsync(directory, name, FsckFixture.Root)));
                    _volume.Forget($"{folder}/file {i - 1}");
                }
                if (i % 1000 == 999)
                {
                    Assert.Equal(0, _volume.Runtime.RunToEnd(volume.CheckpointAsync()));
                }
            }
        });
        _volume.Use(volume =>
        {
            for (int i = 0; i < 100; i++)
            {
                _volume.Write(volume, Limits.RootInode, $"late {i}", $"late {i}", Encoding.ASCII.GetBytes($"acknowledged {i}"));
            }
            Assert.Equal(0, _volume.Named("late 0", name => volume.UnlinkAsync(Limits.RootInode, name, FsckFixture.Root)));
            _volume.Forget("late 0");
        }, isCrash: true);
    }

    [Fact]
    public void AllCheckpointsAndTheMapAreLostAndEveryAcknowledgedFileIsThere()
    {
        Fill();
        Dictionary<(int Space, ulong Id), PagePointer> pages = _volume.Pages(out _);
        foreach ((_, PagePointer pointer) in pages.Where(page => page.Key.Space > 0))
        {
            _volume.Rot((long)pointer.AddressBytes, 16);
        }
        _volume.WriteRaw(Superblock.RingOffsetBytes, new byte[Superblock.RingSlots * CheckpointRecord.SizeBytes]);
        Assert.Throws<VolumeException>(() => _volume.Use(_ => { }));
        CheckReport report = _volume.FindAndMend(FindingKind.CheckpointRing, Remedy.Rebuild);
        Assert.True(report.WasRebuilt);
        Assert.True(_volume.Files.Count > 2000);
        _volume.Use(volume => Assert.False(_volume.Exists(volume, "late 0") || _volume.Exists(volume, "lost+found")));
    }

    [Theory]
    [InlineData(ChecksumKind.Xxh3)]
    [InlineData(ChecksumKind.Sha256)]
    public void ARebuildOfASoundVolumeChangesNothing(ChecksumKind checksum)
    {
        using var volume = new FsckFixture(checksum: checksum);
        volume.Populate();
        CheckReport report = volume.Check(RepairMode.All, rebuild: true);
        Assert.True(report.WasRebuilt);
        Assert.Equal(0, report.Left.Errors);
        Assert.Empty(volume.Check(data: true).Found.Kept);
        volume.CheckFiles();
    }

    /// <summary>A leaf is lost: what stood in it comes back from an older image and the log; whatever else there is stays.</summary>
    [Fact]
    public void ALostLeafIsFilledFromOlderImagesAndTheLog()
    {
        Fill(1200);
        Dictionary<(int Space, ulong Id), PagePointer> pages = _volume.Pages(out HashSet<ulong> leaves);
        ulong lost = leaves.Order().ElementAt(leaves.Count / 2);
        _volume.Rot((long)pages[(0, lost)].AddressBytes, 16);
        CheckReport looked = _volume.Check();
        Assert.Contains(looked.Found.Kept, finding => finding is { Kind: FindingKind.IndexPage, Severity: FindingSeverity.Loss });
        Assert.False(_volume.Check(RepairMode.Preen).HasChanged);
        CheckReport report = _volume.Check(RepairMode.All);
        Assert.True(report.WasRebuilt);
        Assert.True(report.Left.Errors == 0, string.Join("; ", report.Left.Kept));
        Assert.Empty(_volume.Check().Found.Kept);
        Assert.Equal(_volume.Files.Count, CountReadable());
    }

    /// <summary>Inner pages are lost, the root among them: leaves that nothing leads to are found all the same.</summary>
    [Fact]
    public void LostInnerPagesAreReplaced()
    {
        Fill(1500);
        Dictionary<(int Space, ulong Id), PagePointer> pages = _volume.Pages(out HashSet<ulong> leaves);
        foreach (((int space, ulong id), PagePointer pointer) in pages)
        {
            if (space == 0 && !leaves.Contains(id))
            {
                _volume.Rot((long)pointer.AddressBytes, 16);
            }
        }
        CheckReport report = _volume.Check(RepairMode.All);
        Assert.True(report.WasRebuilt);
        Assert.True(report.Left.Errors == 0, string.Join("; ", report.Left.Kept));
        Assert.Empty(_volume.Check().Found.Kept);
        Assert.Equal(_volume.Files.Count, CountReadable());
    }

    [Fact]
    public void WithoutAnyIndexPageThereIsNothingToRebuildFrom()
    {
        using var volume = new FsckFixture();
        long end = 64L << 20;
        for (long at = FsckFixture.SegmentBytes; at < end - 4096; at += 1 << 20)
        {
            volume.WriteRaw(at, new byte[Math.Min(1 << 20, end - 4096 - at)]);
        }
        Assert.Contains("nothing to rebuild", Assert.Throws<VolumeException>(() => volume.Check(RepairMode.All, rebuild: true)).Message, StringComparison.Ordinal);
    }

    /// <summary>Files that are there with the right content, wherever a rebuild has put them.</summary>
    private int CountReadable()
    {
        int readable = 0;
        _volume.Use(volume =>
        {
            foreach ((string path, byte[] content) in _volume.Files)
            {
                readable += _volume.TryRead(volume, path) is { } read && read.AsSpan().SequenceEqual(content) ? 1 : 0;
            }
        });
        return readable;
    }
}
