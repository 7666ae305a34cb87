using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs;
using Txlfs.Lfs.Namespace;
using Xunit;
using static Txlfs.Tests.Unit.Namespace.NamespaceFixture;

namespace Txlfs.Tests.Unit.Namespace;

public sealed class OrphanTests : IDisposable
{
    private readonly NamespaceFixture _fs = new();

    public void Dispose()
    {
        _fs.CheckConsistency();
        Assert.Equal(0, _fs.Names.Room.Open.Count);
        _fs.Dispose();
    }

    [Fact]
    public void ASmallFileGoesInTheSameCommit()
    {
        ulong file = _fs.File(Root, "f");
        _fs.PutExtents(file, 63);
        int commits = _fs.Engine.Commits.Count;
        Assert.Equal(0, _fs.Unlink(Root, "f"));
        Assert.Equal(0, _fs.RecordsOf(file));
        Assert.Equal(commits + 1, _fs.Engine.Commits.Count);
    }

    [Fact]
    public void ALargeFileGoesInBatchesBehindTheUnlink()
    {
        ulong file = _fs.File(Root, "f");
        _fs.PutExtents(file, 3000);
        _fs.PutRecord(InodeRemoval.TrimKeyOf(file), new byte[16]);
        Assert.Equal(0, _fs.Unlink(Root, "f"));
        Assert.True(_fs.IsOrphan(file));
        Assert.Equal(-Errno.ENOENT, _fs.Lookup(Root, "f"));
        Assert.Equal(-Errno.ENOENT, _fs.Open(file));
        _fs.Engine.RunAll();
        Assert.Equal(0, _fs.RecordsOf(file));
        Assert.False(_fs.IsOrphan(file));
        Assert.Null(_fs.Engine.Index[InodeRemoval.TrimKeyOf(file)]);
        Assert.True(_fs.Engine.Commits.Count(k => k == CommitKind.Reap) > 10);
    }

    [Fact]
    public void AnOpenFileLivesUntilItsLastRelease()
    {
        ulong file = _fs.File(Root, "f", open: true);
        Assert.Equal((long)file, _fs.Open(file));
        Assert.Equal(0, _fs.Unlink(Root, "f"));
        Assert.True(_fs.IsOrphan(file));
        Assert.Equal((long)file, _fs.Open(file)); // through /proc/self/fd
        _fs.Release(file);
        _fs.Release(file);
        Assert.True(_fs.Exists(file));
        Assert.Equal(-Errno.ENOENT, _fs.Link(999, Root, "g"));
        _fs.Release(file);
        Assert.Equal(0, _fs.RecordsOf(file));
        _fs.Release(file); // one too many: ignored
    }

    [Fact]
    public void AnOpenFileWithANameStays()
    {
        ulong file = _fs.File(Root, "f", open: true);
        _fs.Release(file);
        Assert.True(_fs.Exists(file));
        Assert.DoesNotContain(CommitKind.Reap, _fs.Engine.Commits);
    }

    [Fact]
    public void ACrashFreesOrphansAtTheMount()
    {
        ulong open = _fs.File(Root, "open", open: true), large = _fs.File(Root, "large"), temporary = Sound(_fs.Temporary(Root));
        _fs.PutExtents(large, 1000);
        _fs.Unlink(Root, "open");
        _fs.Unlink(Root, "large");
        _fs.Crash();
        foreach (ulong inode in new[] { open, large, temporary })
        {
            Assert.Equal(0, _fs.RecordsOf(inode));
            Assert.False(_fs.IsOrphan(inode));
        }
    }

    [Fact]
    public void ACrashInTheMiddleOfFreeingIsNoDamage()
    {
        ulong large = _fs.File(Root, "large");
        _fs.PutExtents(large, 1000);
        _fs.Unlink(Root, "large");
        int batches = 0;
        _fs.Engine.BeforeApply = () =>
        {
            if (++batches == 2)
            {
                _fs.Engine.IsReadOnly = true;
            }
        };
        _fs.Engine.RunAll();
        _fs.Engine.BeforeApply = null;
        _fs.Engine.IsReadOnly = false;
        Assert.InRange(_fs.RecordsOf(large), 2, 1000);
        _fs.CheckConsistency();
        _fs.Crash();
        Assert.Equal(0, _fs.RecordsOf(large));
    }

    [Fact]
    public void ATemporaryFileGoesOrIsLinked()
    {
        ulong gone = Sound(_fs.Temporary(Root)), kept = Sound(_fs.Temporary(Root));
        Assert.Equal(0u, _fs.Get(gone).Nlink);
        Assert.True(_fs.IsOrphan(gone));
        Assert.Empty(_fs.ListNames(Root));
        Assert.Equal((long)kept, _fs.Link(kept, Root, "kept"));
        Assert.Equal(1u, _fs.Get(kept).Nlink);
        Assert.False(_fs.IsOrphan(kept));
        _fs.Release(gone);
        _fs.Release(kept);
        Assert.False(_fs.Exists(gone));
        Assert.True(_fs.Exists(kept));
        Assert.Equal(-Errno.ENOENT, _fs.Link(gone, Root, "x"));
    }

    [Fact]
    public void ALinkThatComesBetweenReleaseAndFreeingLoses()
    {
        ulong file = Sound(_fs.Temporary(Root));
        _fs.Names.Inodes.Release(file);
        Assert.Equal(-Errno.ENOENT, _fs.Link(file, Root, "x"));
        Assert.Empty(_fs.ListNames(Root));
    }

    [Fact]
    public void ALinkThatComesBeforeTheReleaseWins()
    {
        ulong file = Sound(_fs.Temporary(Root));
        _fs.Engine.BeforeApply = () =>
        {
            _fs.Engine.BeforeApply = null;
            _fs.Names.Inodes.Release(file); // the link's body has run, its commit is not applied yet
        };
        Assert.Equal((long)file, _fs.Link(file, Root, "x"));
        _fs.Engine.RunAll();
        Assert.Equal(1u, _fs.Get(file).Nlink);
    }

    [Fact]
    public void AnOpenThatComesAfterTheUnlinksBodyFails()
    {
        ulong file = _fs.File(Root, "f");
        long opened = 0;
        _fs.Engine.BeforeApply = () =>
        {
            _fs.Engine.BeforeApply = null;
            opened = -_fs.Names.Inodes.OpenAsync(file).AsTask().GetAwaiter().GetResult().Errno;
        };
        Assert.Equal(0, _fs.Unlink(Root, "f"));
        Assert.Equal(-Errno.ENOENT, opened);
        Assert.False(_fs.Exists(file));
    }

    [Fact]
    public void AReleaseThatComesAfterTheUnlinksBodyStillFreesIt()
    {
        ulong file = _fs.File(Root, "f", open: true);
        _fs.Engine.BeforeApply = () =>
        {
            _fs.Engine.BeforeApply = null;
            _fs.Names.Inodes.Release(file);
        };
        Assert.Equal(0, _fs.Unlink(Root, "f"));
        _fs.Engine.RunAll();
        Assert.False(_fs.Exists(file));
    }

    [Fact]
    public void AFailedCommitLeavesNothingOpenOrClaimed()
    {
        ulong file = _fs.File(Root, "f");
        foreach (Func<long> operation in new Func<long>[] { () => _fs.Unlink(Root, "f"), () => _fs.Create(Root, "g", open: true), () => _fs.Temporary(Root) })
        {
            _fs.Engine.FailNextCommitErrno = Errno.EIO;
            Assert.Equal(-Errno.EIO, operation());
            Assert.Equal(0, _fs.Names.Room.Open.Count);
        }
        Assert.Equal((long)file, _fs.Open(file));
        _fs.Release(file);
    }

    [Fact]
    public void AnOpenBeforeItsUnlinkKeepsTheNewFile()
    {
        // Created open: the unlink that comes before the creator hears of its inode finds it open already.
        _fs.Engine.AnswersLater = true;
        ValueTask<OpResult<InodeAttributes>> creating = _fs.Names.Directories.CreateAsync(Root, Name("f"), new NewInode(0x180, 0, Alice, 0), open: true);
        Assert.False(creating.IsCompleted);
        ValueTask<int> unlinking = _fs.Names.Directories.UnlinkAsync(Root, Name("f"), Alice, isRemoveDirectory: false);
        ulong file = _fs.Engine.Run(creating).Value.Inode;
        Assert.Equal(0, _fs.Engine.Run(unlinking));
        Assert.True(_fs.Exists(file));
        _fs.Release(file);
        Assert.False(_fs.Exists(file));
    }

    [Fact]
    public void AnAttemptThatCameToNothingKeepsNobodyElsesInode()
    {
        // The stalled creation has counted its inode open; the number goes to another file, which is then unlinked.
        ulong other = 0;
        _fs.Engine.Stall = () =>
        {
            other = (ulong)_fs.Names.Directories.CreateAsync(Root, Name("other"), new NewInode(0x180, 0, Alice, 0), open: false).Result.Value.Inode;
            Assert.Equal(0, _fs.Names.Directories.UnlinkAsync(Root, Name("other"), Alice, isRemoveDirectory: false).Result);
            Assert.True(_fs.IsOrphan(other));
        };
        ulong temporary = Sound(_fs.Temporary(Root));
        Assert.NotEqual(other, temporary);
        _fs.Engine.RunAll();
        Assert.False(_fs.Exists(other));
        Assert.True(_fs.Exists(temporary));
        _fs.Release(temporary);
    }

    [Fact]
    public void ManyOrphansAtOnceAllGo()
    {
        _fs.Engine.Index.MissEvery = 0;
        var files = new List<ulong>();
        for (int i = 0; i < 5000; i++)
        {
            files.Add(_fs.File(Root, $"f{i}", open: true));
            Assert.Equal(0, _fs.Unlink(Root, $"f{i}"));
        }
        files.ForEach(_fs.Names.Inodes.Release); // more than the queue holds: the rest is found among the records
        _fs.Engine.RunAll();
        Assert.Equal(1, _fs.Engine.Index.Count);
    }

    [Fact]
    public void FreeingWorksOnAFullVolume()
    {
        ulong file = _fs.File(Root, "f");
        _fs.PutExtents(file, 1000);
        _fs.Engine.IsFull = true;
        Assert.Equal(0, _fs.Unlink(Root, "f"));
        _fs.Engine.RunAll();
        Assert.Equal(0, _fs.RecordsOf(file));
    }
}
