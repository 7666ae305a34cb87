using Txlfs.Journal;
using Txlfs.Lfs;
using Xunit;
using static Txlfs.Tests.Unit.Namespace.NamespaceFixture;

namespace Txlfs.Tests.Unit.Namespace;

public sealed class DirectoryTests : IDisposable
{
    private readonly NamespaceFixture _fs = new();

    public void Dispose()
    {
        _fs.CheckConsistency();
        _fs.Dispose();
    }

    [Fact]
    public void CreateFillsInWhatPosixSays()
    {
        Timestamp before = _fs.Get(Root).Mtime;
        ulong file = _fs.File(Root, "a");
        InodeAttributes attributes = _fs.Get(file);
        Assert.Equal(ModeBits.Regular | 0x1A4u, attributes.Mode);
        Assert.Equal((1000u, 1000u, 1u, 0L, 0L), (attributes.Uid, attributes.Gid, attributes.Nlink, attributes.SizeBytes, attributes.AllocatedBytes));
        Assert.Equal(attributes.Btime, attributes.Ctime);
        Assert.Equal(attributes.Btime, attributes.Atime);
        Assert.Equal(attributes.Btime, attributes.Mtime);
        Assert.Equal(Root, attributes.Parent);
        InodeAttributes root = _fs.Get(Root);
        Assert.Equal(attributes.Btime, root.Mtime);
        Assert.Equal(attributes.Btime, root.Ctime);
        Assert.NotEqual(before, root.Mtime);
        Assert.Equal((long)file, _fs.Lookup(Root, "a"));
    }

    [Fact]
    public void NodesKeepTypeAndDevice()
    {
        Assert.Equal(0x501u, _fs.Get(Sound(_fs.Create(Root, "null", ModeBits.Char | 0x1B6, rdev: 0x501))).Rdev);
        Assert.Equal(ModeBits.Block | 0x180u, _fs.Get(Sound(_fs.Create(Root, "disk", ModeBits.Block | 0x180, rdev: 8))).Mode);
        Assert.Equal(0u, _fs.Get(Sound(_fs.Create(Root, "fifo", ModeBits.Fifo | 0x180, rdev: 8))).Rdev);
        Assert.Equal(ModeBits.Socket | 0x180u, _fs.Get(Sound(_fs.Create(Root, "socket", ModeBits.Socket | 0x180))).Mode);
        Assert.Equal(-Errno.EPERM, _fs.Create(Root, "d", ModeBits.Directory | 0x180));
        Assert.Equal(-Errno.EINVAL, _fs.Create(Root, "x", ModeBits.Symlink | 0x180));
        Assert.Equal(-Errno.EINVAL, _fs.Create(Root, "x", 0x3000));
        Assert.Equal(ModeBits.Fifo | 0x180u, _fs.Get(Sound(_fs.Create(Root, "strange", 0xABCD0000 | ModeBits.Fifo | 0x180))).Mode);
    }

    [Fact]
    public void ErrorsOfNames()
    {
        ulong file = _fs.File(Root, "file");
        string longest = new('n', 255);
        Assert.Equal(-Errno.ENOENT, _fs.Lookup(Root, "none"));
        Assert.Equal(-Errno.ENOENT, _fs.Lookup(Root, ""));
        Assert.Equal(-Errno.ENOTDIR, _fs.Lookup(file, "x"));
        Assert.Equal(-Errno.ENOENT, _fs.Lookup(999, "x"));
        Assert.Equal(-Errno.ENAMETOOLONG, _fs.Lookup(Root, longest + "n"));
        Assert.Equal(-Errno.EINVAL, _fs.Lookup(Root, "a/b"));
        Assert.Equal(-Errno.EINVAL, _fs.Create(Root, "a\0b"));
        Assert.Equal(-Errno.EEXIST, _fs.Create(Root, "file"));
        Assert.Equal(-Errno.EEXIST, _fs.Create(Root, "."));
        Assert.Equal(-Errno.EEXIST, _fs.MakeDirectory(Root, ".."));
        Assert.Equal(-Errno.ENOTDIR, _fs.Create(file, "x"));
        Assert.Equal(-Errno.ENOENT, _fs.Create(999, "x"));
        Assert.Equal(-Errno.ENAMETOOLONG, _fs.Create(Root, longest + "n"));
        Assert.True(_fs.Create(Root, longest) > 0);
        Assert.True(_fs.Lookup(Root, longest) > 0);
    }

    [Fact]
    public void DotsAreKnown()
    {
        ulong a = _fs.Directory(Root, "a"), b = _fs.Directory(a, "b"), file = _fs.File(b, "f");
        Assert.Equal((long)b, _fs.Lookup(b, "."));
        Assert.Equal((long)a, _fs.Lookup(b, ".."));
        Assert.Equal((long)Root, _fs.Lookup(Root, ".."));
        Assert.Equal((long)file, _fs.Lookup(file, "."));
        Assert.Equal(-Errno.ENOTDIR, _fs.Lookup(file, ".."));
    }

    [Fact]
    public void DirectoriesCountTheirSubdirectories()
    {
        ulong a = _fs.Directory(Root, "a");
        Assert.Equal((3u, 2u), (_fs.Get(Root).Nlink, _fs.Get(a).Nlink));
        _fs.Directory(a, "b");
        _fs.File(a, "f");
        Assert.Equal(3u, _fs.Get(a).Nlink);
        Assert.Equal(-Errno.ENOTEMPTY, _fs.RemoveDirectory(Root, "a"));
        Assert.Equal(0, _fs.RemoveDirectory(a, "b"));
        Assert.Equal(0, _fs.Unlink(a, "f"));
        Assert.Equal(0, _fs.RemoveDirectory(Root, "a"));
        Assert.Equal(2u, _fs.Get(Root).Nlink);
        Assert.False(_fs.Exists(a));
    }

    [Fact]
    public void ErrorsOfRemoval()
    {
        ulong d = _fs.Directory(Root, "d");
        _fs.File(Root, "f");
        Assert.Equal(-Errno.EISDIR, _fs.Unlink(Root, "d"));
        Assert.Equal(-Errno.ENOTDIR, _fs.RemoveDirectory(Root, "f"));
        Assert.Equal(-Errno.ENOENT, _fs.Unlink(Root, "x"));
        Assert.Equal(-Errno.ENOENT, _fs.RemoveDirectory(Root, "x"));
        Assert.Equal(-Errno.EINVAL, _fs.RemoveDirectory(d, "."));
        Assert.Equal(-Errno.ENOTEMPTY, _fs.RemoveDirectory(d, ".."));
        Assert.Equal(-Errno.EISDIR, _fs.Unlink(d, "."));
    }

    [Fact]
    public void ARemovedDirectoryThatIsOpenTakesNothingIn()
    {
        ulong d = _fs.Directory(Root, "d");
        Assert.True(_fs.Open(d) > 0);
        Assert.Equal(0, _fs.RemoveDirectory(Root, "d"));
        Assert.Equal(0u, _fs.Get(d).Nlink);
        Assert.Equal(-Errno.ENOENT, _fs.Create(d, "x"));
        Assert.Equal(-Errno.ENOENT, _fs.MakeDirectory(d, "x"));
        Assert.Equal(-Errno.ENOENT, _fs.Lookup(d, ".."));
        Assert.Empty(_fs.List(d));
        _fs.Release(d);
        Assert.False(_fs.Exists(d));
    }

    [Fact]
    public void LinksShareAnInode()
    {
        ulong d = _fs.Directory(Root, "d"), file = _fs.File(Root, "a");
        Timestamp created = _fs.Get(file).Ctime;
        Assert.Equal((long)file, _fs.Link(file, d, "b"));
        Assert.Equal(2u, _fs.Get(file).Nlink);
        Assert.NotEqual(created, _fs.Get(file).Ctime);
        Assert.Equal(-Errno.EEXIST, _fs.Link(file, d, "b"));
        Assert.Equal(-Errno.EPERM, _fs.Link(d, Root, "x"));
        Assert.Equal(-Errno.ENOENT, _fs.Link(999, Root, "x"));
        Assert.Equal(-Errno.ENOTDIR, _fs.Link(file, file, "x"));
        Assert.Equal(0, _fs.Unlink(Root, "a"));
        Assert.Equal(1u, _fs.Get(file).Nlink);
        Assert.Equal((long)file, _fs.Lookup(d, "b"));
        Assert.Equal(0, _fs.Unlink(d, "b"));
        Assert.False(_fs.Exists(file));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2047)]
    [InlineData(2048)]
    [InlineData(2049)]
    [InlineData(4095)]
    public void SymlinksKeepTheirTarget(int lengthBytes)
    {
        string target = new('t', lengthBytes);
        ulong link = Sound(_fs.Symlink(Root, "s", target));
        InodeAttributes attributes = _fs.Get(link);
        Assert.Equal((ModeBits.Symlink | 0x1FFu, (long)lengthBytes), (attributes.Mode, attributes.SizeBytes));
        Assert.Equal((lengthBytes, target), _fs.ReadLink(link));
        Assert.Equal((1, "t"), _fs.ReadLink(link, bufferBytes: 1));
        Assert.Equal(0, _fs.Unlink(Root, "s"));
        Assert.Equal(0, _fs.RecordsOf(link));
    }

    [Fact]
    public void ErrorsOfSymlinks()
    {
        Assert.Equal(-Errno.ENAMETOOLONG, _fs.Symlink(Root, "s", new string('t', 4096)));
        Assert.Equal(-Errno.ENOENT, _fs.Symlink(Root, "s", ""));
        Assert.Equal(-Errno.EINVAL, _fs.Symlink(Root, "s", "a\0b"));
        Assert.Equal(-Errno.EINVAL, _fs.ReadLink(_fs.File(Root, "f")).Length);
        Assert.Equal(-Errno.ENOENT, _fs.ReadLink(999).Length);
    }

    [Fact]
    public void SetGidDirectoriesHandDownTheirGroup()
    {
        ulong d = Sound(_fs.MakeDirectory(Root, "d", 0x1ED | ModeBits.SetGid));
        _fs.Set(d, new AttributeChange { Fields = AttributeFields.Gid, Gid = 77 });
        Assert.Equal(77u, _fs.Get(_fs.File(d, "f")).Gid);
        Assert.Equal(0u, _fs.Get(Sound(_fs.Lookup(d, "f"))).Mode & ModeBits.SetGid);
        InodeAttributes sub = _fs.Get(_fs.Directory(d, "sub"));
        Assert.Equal((77u, ModeBits.SetGid), (sub.Gid, sub.Mode & ModeBits.SetGid));
        Assert.Equal(77u, _fs.Get(Sound(_fs.Symlink(d, "s", "t"))).Gid);
    }

    [Fact]
    public void UmaskIsAppliedToAnUnmaskedMode()
        => Assert.Equal(ModeBits.Regular | 0x1A4u, _fs.Get(Sound(_fs.Create(Root, "f", 0x1B6, umask: 0x12))).Mode);

    [Fact]
    public void AFullVolumeRefusesCreationAndAllowsRemoval()
    {
        _fs.File(Root, "f");
        _fs.Directory(Root, "d");
        _fs.Engine.IsFull = true;
        Assert.Equal(-Errno.ENOSPC, _fs.Create(Root, "g"));
        Assert.Equal(0, _fs.Unlink(Root, "f"));
        Assert.Equal(0, _fs.RemoveDirectory(Root, "d"));
        _fs.Engine.IsFull = false;
        _fs.Engine.IsReadOnly = true;
        Assert.Equal(-Errno.EROFS, _fs.Create(Root, "g"));
        Assert.Equal(-Errno.ENOENT, _fs.Lookup(Root, "g"));
    }

    [Fact]
    public void LinkCountsHaveALimit()
    {
        ulong d = _fs.Directory(Root, "d"), file = _fs.File(d, "f");
        foreach (ulong inode in new[] { d, file })
        {
            _fs.PutInode(_fs.Get(inode) with { Nlink = Limits.MaxLinks });
        }
        Assert.Equal(-Errno.EMLINK, _fs.MakeDirectory(d, "sub"));
        Assert.Equal(-Errno.EMLINK, _fs.Link(file, Root, "g"));
        _fs.Directory(Root, "other");
        Assert.Equal(-Errno.EMLINK, _fs.Rename(Root, "other", d, "sub"));
        _fs.PutInode(_fs.Get(d) with { Nlink = 2 });
        _fs.PutInode(_fs.Get(file) with { Nlink = 1 });
    }
}
