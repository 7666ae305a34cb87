using Txlfs.Journal;
using Txlfs.Lfs;
using Xunit;
using static Txlfs.Tests.Unit.Namespace.NamespaceFixture;

namespace Txlfs.Tests.Unit.Namespace;

public sealed class RenameTests : IDisposable
{
    private readonly NamespaceFixture _fs = new();
    private readonly ulong _a;
    private readonly ulong _b;

    public RenameTests()
    {
        _a = _fs.Directory(Root, "a");
        _b = _fs.Directory(Root, "b");
    }

    public void Dispose()
    {
        _fs.CheckConsistency();
        _fs.Dispose();
    }

    [Fact]
    public void MovesAFileWithinAndBetweenDirectories()
    {
        ulong file = _fs.File(_a, "f");
        Timestamp created = _fs.Get(file).Ctime;
        Assert.Equal(0, _fs.Rename(_a, "f", _a, "g"));
        Assert.Equal(-Errno.ENOENT, _fs.Lookup(_a, "f"));
        Assert.Equal((long)file, _fs.Lookup(_a, "g"));
        Assert.NotEqual(created, _fs.Get(file).Ctime);
        Assert.Equal(0, _fs.Rename(_a, "g", _b, "h"));
        Assert.Equal((long)file, _fs.Lookup(_b, "h"));
        Assert.Empty(_fs.ListNames(_a));
        Assert.Equal(_fs.Get(file).Ctime, _fs.Get(_a).Mtime);
        Assert.Equal(_fs.Get(file).Ctime, _fs.Get(_b).Ctime);
    }

    [Fact]
    public void MovesADirectoryWithItsLinkAndParent()
    {
        ulong sub = _fs.Directory(_a, "sub");
        Assert.Equal(0, _fs.Rename(_a, "sub", _b, "sub"));
        Assert.Equal((2u, 3u), (_fs.Get(_a).Nlink, _fs.Get(_b).Nlink));
        Assert.Equal((long)_b, _fs.Lookup(sub, ".."));
        Assert.Equal(0, _fs.Rename(_b, "sub", _b, "renamed"));
        Assert.Equal(3u, _fs.Get(_b).Nlink);
    }

    [Fact]
    public void ReplacesAFile()
    {
        ulong source = _fs.File(_a, "s"), target = _fs.File(_b, "t");
        _fs.PutExtents(target, 5);
        Assert.Equal(0, _fs.Rename(_a, "s", _b, "t"));
        Assert.Equal((long)source, _fs.Lookup(_b, "t"));
        Assert.Equal(0, _fs.RecordsOf(target));
    }

    [Fact]
    public void ReplacesOneNameOfSeveral()
    {
        ulong source = _fs.File(_a, "s"), target = _fs.File(_b, "t");
        _fs.Link(target, _b, "other");
        Assert.Equal(0, _fs.Rename(_a, "s", _b, "t"));
        Assert.Equal((long)source, _fs.Lookup(_b, "t"));
        Assert.Equal(1u, _fs.Get(target).Nlink);
    }

    [Fact]
    public void ReplacingAnOpenFileLeavesAnOrphan()
    {
        _fs.File(_a, "s");
        ulong target = _fs.File(_b, "t", open: true);
        Assert.Equal(0, _fs.Rename(_a, "s", _b, "t"));
        Assert.Equal(0u, _fs.Get(target).Nlink);
        Assert.True(_fs.IsOrphan(target));
        _fs.Release(target);
        Assert.False(_fs.Exists(target));
    }

    [Fact]
    public void ReplacesAnEmptyDirectory()
    {
        ulong source = _fs.Directory(_a, "s"), target = _fs.Directory(_b, "t");
        Assert.Equal(0, _fs.Rename(_a, "s", _b, "t"));
        Assert.Equal((2u, 3u), (_fs.Get(_a).Nlink, _fs.Get(_b).Nlink));
        Assert.False(_fs.Exists(target));
        ulong same = _fs.Directory(_b, "same");
        Assert.Equal(0, _fs.Rename(_b, "t", _b, "same"));
        Assert.False(_fs.Exists(same));
        Assert.Equal((long)source, _fs.Lookup(_b, "same"));
        Assert.Equal(3u, _fs.Get(_b).Nlink);
    }

    [Fact]
    public void RefusesWhatDoesNotFit()
    {
        ulong sub = _fs.Directory(_a, "sub");
        _fs.File(_a, "f");
        _fs.File(_b, "g");
        Assert.Equal(-Errno.ENOENT, _fs.Rename(_a, "none", _b, "x"));
        Assert.Equal(-Errno.ENOTDIR, _fs.Rename(_a, "sub", _b, "g"));
        Assert.Equal(-Errno.EISDIR, _fs.Rename(_b, "g", _a, "sub"));
        Assert.Equal(-Errno.ENOTEMPTY, _fs.Rename(Root, "b", Root, "a"));
        Assert.Equal(-Errno.ENOTEMPTY, _fs.Rename(_a, "sub", Root, "a"));
        Assert.Equal(-Errno.EINVAL, _fs.Rename(Root, "a", _a, "x"));
        Assert.Equal(-Errno.EINVAL, _fs.Rename(Root, "a", sub, "x"));
        Assert.Equal(-Errno.EBUSY, _fs.Rename(_a, ".", _b, "x"));
        Assert.Equal(-Errno.EBUSY, _fs.Rename(_a, "f", _b, ".."));
        Assert.Equal(-Errno.ENAMETOOLONG, _fs.Rename(_a, "f", _b, new string('n', 256)));
        Assert.Equal(-Errno.ENOENT, _fs.Rename(_a, "f", 999, "x"));
        Assert.Equal(-Errno.ENOTDIR, _fs.Rename(_a, "f", Sound(_fs.Lookup(_b, "g")), "x"));
    }

    [Theory]
    [InlineData(RenameFlags.Exchange | RenameFlags.NoReplace)]
    [InlineData(RenameFlags.Exchange | RenameFlags.Whiteout)]
    [InlineData((RenameFlags)8)]
    public void RefusesFlagsThatContradict(RenameFlags flags)
    {
        _fs.File(_a, "f");
        Assert.Equal(-Errno.EINVAL, _fs.Rename(_a, "f", _a, "g", flags));
    }

    [Fact]
    public void ToItselfOrItsOtherNameDoesNothing()
    {
        ulong file = _fs.File(_a, "f");
        _fs.Link(file, _b, "g");
        InodeAttributes before = _fs.Get(file);
        Assert.Equal(0, _fs.Rename(_a, "f", _a, "f"));
        Assert.Equal(0, _fs.Rename(_a, "f", _b, "g"));
        Assert.Equal(0, _fs.Rename(Root, "a", Root, "a"));
        Assert.Equal(before, _fs.Get(file));
        Assert.Equal((long)file, _fs.Lookup(_a, "f"));
        Assert.Equal((long)file, _fs.Lookup(_b, "g"));
    }

    [Fact]
    public void NoReplaceSparesTheTarget()
    {
        ulong source = _fs.File(_a, "s"), target = _fs.File(_b, "t");
        Assert.Equal(-Errno.EEXIST, _fs.Rename(_a, "s", _b, "t", RenameFlags.NoReplace));
        Assert.Equal(-Errno.EEXIST, _fs.Rename(_a, "s", _a, "s", RenameFlags.NoReplace));
        Assert.Equal((long)target, _fs.Lookup(_b, "t"));
        Assert.Equal(0, _fs.Rename(_a, "s", _b, "u", RenameFlags.NoReplace));
        Assert.Equal((long)source, _fs.Lookup(_b, "u"));
    }

    [Fact]
    public void ExchangesAnyTypes()
    {
        ulong file = _fs.File(_a, "f"), directory = _fs.Directory(_b, "d");
        _fs.File(directory, "inside");
        Assert.Equal(0, _fs.Rename(_a, "f", _b, "d", RenameFlags.Exchange));
        Assert.Equal((long)directory, _fs.Lookup(_a, "f"));
        Assert.Equal((long)file, _fs.Lookup(_b, "d"));
        Assert.Equal((long)_a, _fs.Lookup(directory, ".."));
        Assert.Equal((3u, 2u), (_fs.Get(_a).Nlink, _fs.Get(_b).Nlink));
        Assert.Equal(0, _fs.Rename(_a, "f", _b, "d", RenameFlags.Exchange));
        Assert.Equal((2u, 3u), (_fs.Get(_a).Nlink, _fs.Get(_b).Nlink));
        Assert.Equal(0, _fs.Rename(Root, "a", Root, "b", RenameFlags.Exchange));
        Assert.Equal((long)_b, _fs.Lookup(Root, "a"));
        Assert.Equal(-Errno.ENOENT, _fs.Rename(_a, "f", _a, "none", RenameFlags.Exchange));
    }

    [Fact]
    public void ExchangeMakesNoCircles()
    {
        ulong sub = _fs.Directory(_a, "sub");
        _fs.Directory(sub, "deep");
        Assert.Equal(-Errno.EINVAL, _fs.Rename(Root, "a", sub, "deep", RenameFlags.Exchange));
        Assert.Equal(-Errno.EINVAL, _fs.Rename(sub, "deep", Root, "a", RenameFlags.Exchange));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhiteoutIsLeftBehind(bool replaces)
    {
        ulong source = _fs.File(_a, "s");
        if (replaces)
        {
            _fs.File(_b, "t");
        }
        Assert.Equal(0, _fs.Rename(_a, "s", _b, "t", RenameFlags.Whiteout | (replaces ? 0 : RenameFlags.NoReplace)));
        Assert.Equal((long)source, _fs.Lookup(_b, "t"));
        InodeAttributes whiteout = _fs.Get(Sound(_fs.Lookup(_a, "s")));
        Assert.Equal((ModeBits.Char, 0u, 1u), (whiteout.Mode, whiteout.Rdev, whiteout.Nlink));
    }

    [Fact]
    public void ADamagedChainOfParentsIsAnErrorAndNoEndlessWalk()
    {
        ulong sub = _fs.Directory(_a, "sub"), mover = _fs.Directory(_b, "mover");
        InodeAttributes sound = _fs.Get(_a);
        _fs.PutInode(sound with { Parent = sub });
        Assert.Equal(-Errno.EIO, _fs.Rename(_b, "mover", sub, "x"));
        _fs.PutInode(sound with { Parent = 999 });
        Assert.Equal(-Errno.EIO, _fs.Rename(_b, "mover", sub, "x"));
        Assert.Contains(_fs.Engine.Log.Lines, l => l.Contains($"directory {sub}: its chain of parents"));
        _fs.PutInode(sound);
        Assert.Equal((long)mover, _fs.Lookup(_b, "mover"));
    }
}
