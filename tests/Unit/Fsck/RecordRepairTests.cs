using System.Text;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Namespace;
using Txlfs.Lfs.Verify;
using Xunit;

namespace Txlfs.Tests.Unit.Fsck;

/// <summary>Each kind of damage in records: planted with all checksums right, found, mended, and nothing else touched.</summary>
public sealed class RecordRepairTests : IDisposable
{
    private readonly FsckFixture _volume = new();
    private readonly Dictionary<string, ulong> _inodes;

    public RecordRepairTests() => _inodes = _volume.Populate();

    public void Dispose() => _volume.Dispose();

    [Fact]
    public void ASoundVolumeIsClean()
    {
        CheckReport report = _volume.Check(data: true);
        Assert.Empty(report.Found.Kept);
        Assert.True(report.WasClean);
        Assert.Equal((8ul, 3L), (report.Inodes, report.Directories));
        Assert.True(report.DataBytesRead > 200_000);
        Assert.True(_volume.Check(force: false).WasOnlyLookedAt);
        _volume.CheckFiles();
    }

    [Fact]
    public void AVolumeThatWasNotUnmountedIsCheckedThroughItsLogAndClosedByARepairRun()
    {
        _volume.Use(volume => _volume.Write(volume, Limits.RootInode, "late", "late", new byte[10_000]), isCrash: true);
        CheckReport looked = _volume.Check(force: false);
        Assert.False(looked.WasOnlyLookedAt || looked.WasClean);
        Assert.Empty(looked.Found.Kept);
        Assert.True(_volume.Check(RepairMode.All, force: false).HasChanged);
        Assert.True(_volume.Check(force: false).WasOnlyLookedAt);
        _volume.CheckFiles();
    }

    [Fact]
    public void WrongLinkCounts()
    {
        ulong file = _inodes["linked"], directory = _inodes["dir"];
        _volume.Plant((FsckFixture.InodeKey(file), _volume.InodeValue(file, a => a with { Nlink = 7 })), (FsckFixture.InodeKey(directory), _volume.InodeValue(directory, a => a with { Nlink = 9 })));
        CheckReport report = _volume.FindAndMend(FindingKind.LinkCount, Remedy.Certain);
        Assert.Contains(report.Found.Kept, finding => finding.Inode == directory && finding.Path == "/dir");
        _volume.Use(volume => Assert.Equal((2u, 3u), (_volume.Find(volume, "linked").Nlink, _volume.Find(volume, "dir").Nlink)));
    }

    [Fact]
    public void AnEntryThatPointsToNothingIsRemoved()
    {
        ulong file = _inodes["inline"];
        _volume.Plant((FsckFixture.InodeKey(file), null), (Key.Of(file, RecordKind.Inline, 0), null));
        _volume.Forget("inline");
        CheckReport report = _volume.FindAndMend(FindingKind.Dangling, Remedy.Drop);
        Assert.Contains(report.Found.Kept, finding => finding.Text.Contains("\"inline\"", StringComparison.Ordinal));
        _volume.Use(volume => Assert.False(_volume.Exists(volume, "inline")));
    }

    [Fact]
    public void AnInodeWithoutANameGoesToLostAndFound()
    {
        ulong file = _inodes["text"], directory = _inodes["dir/sub"];
        byte[] content = _volume.Files["dir/text"], inner = _volume.Files["dir/sub/noise"];
        _volume.Plant((_volume.EntryKey(_inodes["dir"], file), null), (_volume.EntryKey(_inodes["dir"], directory), null));
        _volume.Forget("dir/text");
        _volume.Forget("dir/sub/noise");
        _volume.FindAndMend(FindingKind.NoName, Remedy.Drop);
        _volume.Use(volume =>
        {
            Assert.Equal(content, _volume.Read(volume, $"lost+found/#{file}"));
            Assert.Equal(inner, _volume.Read(volume, $"lost+found/#{directory}/noise"));
            Assert.Equal(0x41C0u, _volume.Find(volume, "lost+found").Mode);
        });
    }

    [Fact]
    public void ARemovedInodeThatNobodyListsIsFreed()
    {
        ulong file = _inodes["inline"];
        _volume.Plant((FsckFixture.InodeKey(file), _volume.InodeValue(file, a => a with { Nlink = 0 })), (_volume.EntryKey(Limits.RootInode, file), null));
        _volume.Forget("inline");
        Assert.Equal(7ul, _volume.FindAndMend(FindingKind.Orphan, Remedy.Certain).Inodes);
    }

    [Fact]
    public void WrongMarksOfRemovalAndTruncationAreCleared()
    {
        _volume.Plant((InodeRemoval.OrphanKeyOf(_inodes["text"]), new byte[8]), (InodeRemoval.OrphanKeyOf(999), new byte[8]), (InodeRemoval.TrimKeyOf(998), new byte[8]));
        CheckReport report = _volume.FindAndMend(FindingKind.Orphan, Remedy.Certain);
        Assert.Contains(report.Found.Kept, finding => finding.Kind == FindingKind.Trim);
    }

    [Fact]
    public void AWrongParent()
    {
        ulong directory = _inodes["dir/sub"];
        _volume.Plant((FsckFixture.InodeKey(directory), _volume.InodeValue(directory, a => a with { Parent = Limits.RootInode })));
        _volume.FindAndMend(FindingKind.WrongParent, Remedy.Certain);
    }

    [Fact]
    public void ADirectoryInItselfIsTakenOut()
    {
        // dir/sub becomes the only place of dir: both lead to each other and not to the root.
        ulong dir = _inodes["dir"], sub = _inodes["dir/sub"];
        Key entry = _volume.EntryKey(Limits.RootInode, dir);
        byte[] value = _volume.Record(entry);
        _volume.Plant((entry, null), (entry with { Inode = sub }, value), (FsckFixture.InodeKey(dir), _volume.InodeValue(dir, a => a with { Parent = sub })),
            (FsckFixture.InodeKey(sub), _volume.InodeValue(sub, a => a with { Nlink = 3 })), (FsckFixture.InodeKey(1), _volume.InodeValue(1, a => a with { Nlink = 2 })));
        foreach (string path in (string[])["dir/text", "dir/again", "dir/sub/noise"])
        {
            _volume.Forget(path);
        }
        _volume.FindAndMend(FindingKind.Cycle, Remedy.Drop);
        _volume.Use(volume => Assert.Equal(200_000, _volume.Find(volume, $"lost+found/#{dir}/sub/noise").SizeBytes));
    }

    [Fact]
    public void ASecondNameOfADirectoryGoesAndTheOneInItsParentStays()
    {
        ulong sub = _inodes["dir/sub"];
        Key entry = _volume.EntryKey(_inodes["dir"], sub);
        _volume.Plant((entry with { Inode = Limits.RootInode }, _volume.Record(entry)), (FsckFixture.InodeKey(1), _volume.InodeValue(1, a => a with { Nlink = 4 })));
        _volume.FindAndMend(FindingKind.SecondName, Remedy.Drop);
        _volume.Use(volume => Assert.False(_volume.Exists(volume, "sub")));
    }

    [Fact]
    public void AWrongTypeInAnEntry()
    {
        Key entry = _volume.EntryKey(Limits.RootInode, _inodes["inline"]);
        byte[] value = _volume.Record(entry);
        value[DirentRecord.TypeAt] = (byte)(ModeBits.Fifo >> 12);
        _volume.Plant((entry, value));
        _volume.FindAndMend(FindingKind.EntryType, Remedy.Certain);
    }

    [Fact]
    public void AnEntryThatCannotBeFoundByItsNameGoesAndItsFileIsKept()
    {
        ulong file = _inodes["inline"];
        Key entry = _volume.EntryKey(Limits.RootInode, file);
        _volume.Plant((entry, null), (entry with { Tail = entry.Tail ^ 0x7000 }, _volume.Record(entry)));
        byte[] content = _volume.Files["inline"];
        _volume.Forget("inline");
        _volume.FindAndMend(FindingKind.EntryCookie, Remedy.Drop);
        _volume.Use(volume => Assert.Equal(content, _volume.Read(volume, $"lost+found/#{file}")));
    }

    [Fact]
    public void TwoEntriesOfOneName()
    {
        Key entry = _volume.EntryKey(Limits.RootInode, _inodes["linked"]);
        _volume.Plant((entry with { Tail = entry.Tail + 1 }, _volume.Record(entry)), (FsckFixture.InodeKey(_inodes["linked"]), _volume.InodeValue(_inodes["linked"], a => a with { Nlink = 3 })));
        _volume.FindAndMend(FindingKind.DuplicateName, Remedy.Drop);
    }

    [Theory]
    [InlineData("inline")]
    [InlineData("noise")]
    public void WrongAllocatedBytes(string file)
    {
        ulong inode = _inodes[file];
        _volume.Plant((FsckFixture.InodeKey(inode), _volume.InodeValue(inode, a => a with { AllocatedBytes = a.AllocatedBytes + 4096 })));
        _volume.FindAndMend(FindingKind.AllocatedBytes, Remedy.Certain);
    }

    [Fact]
    public void DataBehindTheSizeIsCutOff()
    {
        ulong inode = _inodes["noise"];
        _volume.Plant((FsckFixture.InodeKey(inode), _volume.InodeValue(inode, a => a with { SizeBytes = 70_001 })));
        byte[] content = _volume.Files["dir/sub/noise"];
        _volume.Forget("dir/sub/noise");
        _volume.FindAndMend(FindingKind.BeyondSize, Remedy.Drop);
        _volume.Use(volume => Assert.Equal(content[..70_001], _volume.Read(volume, "dir/sub/noise")));
    }

    [Theory]
    [InlineData("makes no sense")]
    [InlineData("overlap")]
    public void AnExtentThatBreaksTheRulesIsDropped(string fault)
    {
        ulong inode = _inodes["noise"];
        (Key key, byte[] value) = _volume.First(inode, RecordKind.Extent);
        if (fault == "overlap")
        {
            // A newer record inside the old one: the old one goes.
            key = key with { Tail = key.Tail + 4096 };
        }
        else
        {
            value[ExtentRecord.CodecOffset] = 77;
        }
        _volume.Plant((key, value));
        _volume.Forget("dir/sub/noise");
        CheckReport report = _volume.FindAndMend(FindingKind.Extent, Remedy.Drop);
        Assert.Contains(report.Found.Kept, finding => finding.Text.Contains(fault, StringComparison.Ordinal) && finding.Path == "/dir/sub/noise");
    }

    [Fact]
    public void InlineDataBesideExtentsGoes()
    {
        var value = new byte[108];
        _volume.Plant((Key.Of(_inodes["noise"], RecordKind.Inline, 0), value));
        _volume.FindAndMend(FindingKind.Inline, Remedy.Drop);
    }

    [Fact]
    public void ASymbolicLinkWithoutItsTargetIsRemoved()
    {
        _volume.Plant((Key.Of(_inodes["symlink"], RecordKind.Inline, 0), null));
        _volume.FindAndMend(FindingKind.Symlink, Remedy.Drop);
        _volume.Use(volume => Assert.False(_volume.Exists(volume, "symlink")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void AnAttributeThatIsNotWholeIsRemoved(ulong lostChunk)
    {
        (Key first, _) = _volume.First(_inodes["text"], RecordKind.Xattr);
        _volume.Plant((first with { Tail = first.Tail + lostChunk }, null));
        _volume.FindAndMend(FindingKind.Xattr, Remedy.Drop);
    }

    [Fact]
    public void AnInodeThatMakesNoSenseIsRemovedAndItsNamesToo()
    {
        byte[] value = _volume.Record(FsckFixture.InodeKey(_inodes["noise"]));
        value[9] = 0xFF;
        _volume.Plant((FsckFixture.InodeKey(_inodes["noise"]), value));
        _volume.Forget("dir/sub/noise");
        _volume.FindAndMend(FindingKind.Inode, Remedy.Drop);
    }

    [Fact]
    public void ALostRootIsMadeAnewAndKeepsItsEntries()
    {
        _volume.Plant((FsckFixture.InodeKey(Limits.RootInode), null));
        _volume.FindAndMend(FindingKind.Inode, Remedy.Drop);
        _volume.Use(volume => Assert.Equal(3u, Assert.IsType<InodeAttributes>(_volume.Runtime.RunToEnd(volume.GetAttributesAsync(1)).Value).Nlink));
    }

    [Fact]
    public void ARootThatIsNoDirectoryIsMadeAnew()
    {
        _volume.Plant((FsckFixture.InodeKey(Limits.RootInode), _volume.InodeValue(Limits.RootInode, a => a with { Mode = 0x81A4 })));
        _volume.FindAndMend(FindingKind.Inode, Remedy.Drop);
    }

    [Fact]
    public void RecordsOfUnknownKindsAreRemoved()
    {
        _volume.Plant((new Key(_inodes["text"], 9UL << Key.KindShift), new byte[20]), (new Key(0, 3), new byte[9]));
        _volume.FindAndMend(FindingKind.Record, Remedy.Drop);
    }

    [Fact]
    public void PreenMendsWhatIsCertainAndLeavesTheRest()
    {
        ulong file = _inodes["linked"];
        _volume.Plant((FsckFixture.InodeKey(file), _volume.InodeValue(file, a => a with { Nlink = 7 })), (_volume.EntryKey(_inodes["dir"], _inodes["text"]), null));
        CheckReport report = _volume.Check(RepairMode.Preen);
        Assert.True(report.HasChanged);
        Assert.Equal(FindingKind.NoName, Assert.Single(report.Left.Kept).Kind);
    }

    [Fact]
    public void APersonIsAskedOnceAKind()
    {
        ulong file = _inodes["linked"];
        _volume.Plant((FsckFixture.InodeKey(file), _volume.InodeValue(file, a => a with { Nlink = 7 })), (FsckFixture.InodeKey(_inodes["inline"]), _volume.InodeValue(_inodes["inline"], a => a with { Nlink = 8 })),
            (_volume.EntryKey(_inodes["dir"], _inodes["text"]), null));
        var questions = new List<string>();
        CheckReport report = _volume.Check(RepairMode.Ask, ask: question =>
        {
            questions.Add(question);
            return question.Contains("link counts", StringComparison.Ordinal);
        });
        Assert.Equal(2, questions.Count);
        Assert.Equal(FindingKind.NoName, Assert.Single(report.Left.Kept).Kind);
    }

    [Fact]
    public void NamesAreShownWithoutControlCharacters() => Assert.Equal("\"a.b\"", LinkChecker.Printable(Encoding.ASCII.GetBytes("a\u001bb")));
}
