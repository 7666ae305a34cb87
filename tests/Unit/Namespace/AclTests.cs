using System.Buffers.Binary;
using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Namespace;
using Xunit;
using static Txlfs.Tests.Unit.Namespace.NamespaceFixture;

namespace Txlfs.Tests.Unit.Namespace;

/// <summary>What the kernel leaves to the filesystem: mode and list in step, and inheritance.</summary>
public sealed class AclTests : IDisposable
{
    private const string Access = "system.posix_acl_access", Default = "system.posix_acl_default";
    private readonly NamespaceFixture _fs = new();

    public void Dispose()
    {
        _fs.CheckConsistency();
        _fs.Dispose();
    }

    /// <summary>Owner, a named user, group, mask, other; -1: entry left out.</summary>
    private static byte[] Acl(int owner, int user, int group, int mask, int other)
    {
        var bytes = new List<byte> { 2, 0, 0, 0 };
        void Add(ushort tag, int permissions, uint id)
        {
            if (permissions >= 0)
            {
                var entry = new byte[8];
                BinaryPrimitives.WriteUInt16LittleEndian(entry, tag);
                BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(2), (ushort)permissions);
                BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(4), id);
                bytes.AddRange(entry);
            }
        }
        Add(1, owner, uint.MaxValue);
        Add(2, user, 1001);
        Add(4, group, uint.MaxValue);
        Add(16, mask, uint.MaxValue);
        Add(32, other, uint.MaxValue);
        return [.. bytes];
    }

    private byte[]? Get(ulong inode, string name) => _fs.GetXattr(inode, name, out byte[] value) >= 0 ? value : null;

    private uint Permissions(ulong inode) => _fs.Get(inode).Mode & ModeBits.PermMask;

    [Fact]
    public void AnAccessListDecidesTheMode()
    {
        ulong file = _fs.File(Root, "f");
        Assert.Equal(0, _fs.SetXattr(file, Access, Acl(7, 6, 5, 4, 1)));
        Assert.Equal(0x1E1u, Permissions(file)); // rwx r-- --x: the group bits are the mask
        Assert.Equal(Acl(7, 6, 5, 4, 1), Get(file, Access));
        Assert.Equal(0, _fs.SetXattr(file, Access, Acl(6, -1, 4, -1, 0)));
        Assert.Equal(0x1A0u, Permissions(file));
        Assert.Null(Get(file, Access));
    }

    [Fact]
    public void ChmodChangesTheAccessList()
    {
        ulong file = _fs.File(Root, "f");
        _fs.SetXattr(file, Access, Acl(7, 6, 5, 4, 1));
        _fs.Set(file, new AttributeChange { Fields = AttributeFields.Mode, Mode = 0x1B2 });
        Assert.Equal(Acl(6, 6, 5, 6, 2), Get(file, Access));
        Assert.Equal(0x1B2u, Permissions(file));
    }

    [Fact]
    public void ADefaultListIsInheritedAndReplacesTheUmask()
    {
        ulong d = _fs.Directory(Root, "d");
        Assert.Equal(0, _fs.SetXattr(d, Default, Acl(7, 6, 5, 7, 4)));
        ulong file = Sound(_fs.Create(d, "f", 0x1B6, umask: 0x1FF));
        Assert.Equal(0x1B4u, Permissions(file)); // rw- rw- r--
        Assert.Equal(Acl(6, 6, 5, 6, 4), Get(file, Access));
        Assert.Null(Get(file, Default));
        ulong sub = _fs.Directory(d, "sub");
        Assert.Equal(Acl(7, 6, 5, 7, 4), Get(sub, Default));
        Assert.Equal(Acl(7, 6, 5, 5, 4), Get(sub, Access));
        ulong deep = _fs.File(sub, "deep");
        Assert.Equal(Acl(6, 6, 5, 4, 4), Get(deep, Access));
        Assert.Empty(_fs.ListXattr(Sound(_fs.Symlink(d, "s", "t"))).Names);
        ulong temporary = Sound(_fs.Temporary(d));
        Assert.NotNull(Get(temporary, Access));
        _fs.Release(temporary);
        Assert.Equal(0, _fs.RemoveXattr(d, Default));
        Assert.Empty(_fs.ListXattr(_fs.File(d, "plain")).Names);
    }

    [Fact]
    public void AMinimalDefaultListLeavesOnlyAMode()
    {
        ulong d = _fs.Directory(Root, "d");
        Assert.Equal(0, _fs.SetXattr(d, Default, Acl(7, -1, 5, -1, 0)));
        ulong file = Sound(_fs.Create(d, "f", 0x1B6));
        Assert.Equal(0x1A0u, Permissions(file));
        Assert.Null(Get(file, Access));
    }

    [Fact]
    public void BothListsOfANewDirectoryFitWhenTheirNamesCollide()
    {
        using var fs = new NamespaceFixture(new CollidingHasher(1));
        ulong d = fs.Directory(Root, "d");
        Assert.Equal(0, fs.SetXattr(d, Default, Acl(7, 6, 5, 7, 4)));
        ulong sub = fs.Directory(d, "sub");
        Assert.Equal([Access, Default], fs.ListXattr(sub).Names);
        fs.GetXattr(sub, Default, out byte[] value);
        Assert.Equal(Acl(7, 6, 5, 7, 4), value);
    }

    [Fact]
    public void AStrangerToTheGroupLosesSetGid()
    {
        ulong file = Sound(_fs.Create(Root, "f", 0x1ED | ModeBits.SetGid));
        Assert.Equal(0, _fs.SetXattr(file, Access, Acl(7, 6, 5, 5, 5)));
        Assert.NotEqual(0u, Permissions(file) & ModeBits.SetGid);
        Assert.Equal(0, _fs.SetXattr(file, Access, Acl(7, 6, 5, 5, 5), Volume.XattrKillSetGid));
        Assert.Equal(0u, Permissions(file) & ModeBits.SetGid);
    }

    [Fact]
    public void WhatIsNoListIsRefused()
    {
        ulong file = _fs.File(Root, "f");
        byte[] sound = Acl(7, 6, 5, 4, 1);
        Assert.Equal(-Errno.EINVAL, _fs.SetXattr(file, Access, []));
        Assert.Equal(-Errno.EINVAL, _fs.SetXattr(file, Access, sound[..^1]));
        Assert.Equal(-Errno.EINVAL, _fs.SetXattr(file, Access, [3, .. sound[1..]]));
        Assert.Equal(-Errno.EINVAL, _fs.SetXattr(file, Access, Acl(7, 6, 5, -1, 1)));
        Assert.Equal(-Errno.EINVAL, _fs.SetXattr(file, Access, Acl(-1, -1, 5, 4, 1)));
        Assert.Equal(-Errno.EINVAL, _fs.SetXattr(file, Access, Acl(8, 6, 5, 4, 1)));
        Assert.Equal(-Errno.E2BIG, _fs.SetXattr(file, Access, new byte[AclRules.MaxAclBytes + 1]));
        Assert.Equal(-Errno.EACCES, _fs.SetXattr(file, Default, sound));
        Assert.Equal(-Errno.ENODATA, _fs.RemoveXattr(file, Default));
    }
}
