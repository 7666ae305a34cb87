using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Xunit;
using static Txlfs.Tests.Unit.Namespace.NamespaceFixture;

namespace Txlfs.Tests.Unit.Namespace;

public sealed class AttributeTests : IDisposable
{
    private readonly NamespaceFixture _fs = new();

    public void Dispose() => _fs.Dispose();

    [Fact]
    public void EveryFieldIsSetAloneAndTogether()
    {
        ulong file = _fs.File(Root, "f");
        Timestamp old = new(-5, 999_999_999), future = new(1L << 40, 1);
        InodeAttributes before = _fs.Get(file);
        InodeAttributes after = _fs.Set(file, new AttributeChange { Fields = AttributeFields.Mode, Mode = 0xF000 | 0xE00 | 0x124 });
        Assert.Equal(ModeBits.Regular | 0xE00u | 0x124u, after.Mode);
        Assert.NotEqual(before.Ctime, after.Ctime);
        Assert.Equal((before.Mtime, before.Atime, before.Btime), (after.Mtime, after.Atime, after.Btime));
        after = _fs.Set(file, new AttributeChange { Fields = AttributeFields.Atime | AttributeFields.Mtime, Atime = old, Mtime = future });
        Assert.Equal((old, future), (after.Atime, after.Mtime));
        after = _fs.Set(file, new AttributeChange { Fields = AttributeFields.Ctime | AttributeFields.Uid | AttributeFields.Gid, Ctime = old, Uid = uint.MaxValue - 1, Gid = 3 });
        Assert.Equal((old, uint.MaxValue - 1, 3u), (after.Ctime, after.Uid, after.Gid));
        after = _fs.Set(file, new AttributeChange { Fields = AttributeFields.AtimeNow | AttributeFields.MtimeNow });
        Assert.Equal((after.Ctime, after.Ctime), (after.Atime, after.Mtime));
        Assert.Equal(before.Btime, after.Btime);
        Assert.Equal(after, _fs.Set(file, default));
    }

    [Fact]
    public void ErrorsOfChanges()
    {
        var change = new AttributeChange { Fields = AttributeFields.Mtime, Mtime = new Timestamp(0, 1_000_000_000) };
        Assert.Equal(Errno.EINVAL, _fs.Engine.Run(_fs.Names.Inodes.SetAttributesAsync(Root, change, Alice)).Errno);
        Assert.Equal(Errno.ENOENT, _fs.Engine.Run(_fs.Names.Inodes.SetAttributesAsync(999, new AttributeChange { Fields = AttributeFields.Mode }, Alice)).Errno);
        Assert.Equal(Errno.ENOENT, _fs.Engine.Run(_fs.Names.Inodes.GetAttributesAsync(999)).Errno);
        Assert.Equal(-Errno.ENOENT, _fs.Open(999));
        Assert.Equal(0, _fs.Names.Room.Open.Count);
    }

    [Fact]
    public void TheRecordKeepsEveryFieldAtItsPlace()
    {
        var attributes = new InodeAttributes
        {
            Inode = 77, Mode = ModeBits.Regular | 1, Uid = 0x11121314, Gid = 0x21222324, Nlink = 0x31323334, Rdev = 0x41424344, Flags = 0x51525354,
            SizeBytes = 0x0162636465666768, AllocatedBytes = 0x7172737475767778, Atime = new(-1, 1), Mtime = new(2, 2), Ctime = new(3, 3), Btime = new(4, 4),
            Parent = 0x8182838485868788, Generation = 0x91929394,
        };
        var value = new byte[InodeRecord.SizeBytes];
        InodeRecord.Write(value, attributes);
        Assert.Equal(112, value.Length);
        Assert.Equal(
            "0000000000000000" + "01800000" + "14131211" + "24232221" + "34333231" + "44434241" + "54535251" + "6867666564636201" + "7877767574737271"
            + "FFFFFFFFFFFFFFFF" + "0200000000000000" + "0300000000000000" + "0400000000000000" + "01000000" + "02000000" + "03000000" + "04000000"
            + "8887868584838281" + "94939291" + "00000000", Convert.ToHexString(value));
        Assert.True(InodeRecord.TryRead(value, 77, out InodeAttributes back));
        Assert.Equal(attributes, back);
    }

    [Fact]
    public void TheOtherRecordsKeepTheirFieldsAtTheirPlaces()
    {
        var value = new byte[Limits.MaxValueBytes];
        int length = DirentRecord.Write(value, 0x0102030405060708, 8, "name"u8);
        Assert.Equal("0000000000000000" + "0807060504030201" + "08" + "6E616D65", Convert.ToHexString(value.AsSpan(0, length)));
        length = XattrRecord.WriteFirst(value, "user.a"u8, "value"u8);
        Assert.Equal("0000000000000000" + "05000000" + "06" + "757365722E61" + "76616C7565", Convert.ToHexString(value.AsSpan(0, length)));
        byte[] large = new byte[2032 + 2288 + 3];
        large[^1] = 9;
        Assert.Equal(13 + 6 + 2032, XattrRecord.WriteFirst(value, "user.a"u8, large));
        Assert.Equal(8 + 2288, XattrRecord.WriteNext(value, 1, large));
        length = XattrRecord.WriteNext(value, 2, large);
        Assert.Equal("0000000000000000" + "000009", Convert.ToHexString(value.AsSpan(0, length)));
        Assert.Equal(29, XattrRecord.ChunkCount(Limits.MaxXattrValueBytes));
        Assert.True(13 + 255 + XattrRecord.FirstPartBytes <= Limits.MaxValueBytes && 8 + XattrRecord.NextPartBytes <= Limits.MaxValueBytes);
        Assert.Equal(0xABCDEF0123456UL << 8, XattrRecord.FirstSubOf(0xABCDEF0123456789));
        Assert.Equal(0xABCDEF0123456780UL >> 8 << 4, DirentRecord.FirstCookieOf(0xABCDEF0123456789));
        Assert.Equal(8, OrphanRecord.SizeBytes);
    }
}
