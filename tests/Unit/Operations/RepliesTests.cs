using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Operations;
using Txlfs.Journal.Device;
using Txlfs.Lfs;
using Xunit;

namespace Txlfs.Tests.Unit.Operations;

public unsafe class RepliesTests
{
    private static readonly InodeAttributes s_node = new()
    {
        Inode = 77,
        Mode = ModeBits.Block | 0x1B4,
        Nlink = 2,
        Uid = 1000,
        Gid = 100,
        Rdev = 0x0010_08FE, // major 8, minor 0x1FE in the kernel's 32-bit form
        SizeBytes = 5000,
        AllocatedBytes = 4097,
        Generation = 3,
        Atime = new Timestamp(-5, 6),
        Btime = new Timestamp(1, 2),
    };

    [Fact]
    public void AnEntryCarriesTheInodeNumberAsNodeId()
    {
        FuseEntryOut entry = Replies.Entry(s_node);
        Assert.Equal(77UL, entry.NodeId);
        Assert.Equal(3UL, entry.Generation);
        Assert.Equal(9UL, entry.Attr.Blocks);
        Assert.Equal(-5, entry.Attr.ATimeS);
        Assert.True(entry.EntryValidS > 3600 && entry.AttrValidS > 3600);
    }

    [Fact]
    public void AnAbsentNameIsCachedToo()
    {
        Assert.Equal(0UL, Replies.AbsentEntry().NodeId);
        Assert.True(Replies.AbsentEntry().EntryValidS > 3600);
    }

    [Fact]
    public void StatxTakesTheDeviceNumberApart()
    {
        FuseStatXOut stat = Replies.ExtendedStat(s_node);
        Assert.Equal((8u, 0x1FEu), (stat.Stat.RDevMajor, stat.Stat.RDevMinor));
        Assert.Equal(1, stat.Stat.BTime.S);
    }

    [Fact]
    public void TheSinkStopsWhenTheReplyIsFull()
    {
        byte[] memory = new byte[100];
        fixed (byte* bytes = memory)
        {
            DirectorySink sink = new(new DirectorySinkPool());
            sink.Reset(new NativeSlice(bytes, memory.Length), isPlus: false, null);
            Assert.True(sink.TryAdd("."u8, s_node, 1));
            Assert.True(sink.TryAdd("name"u8, s_node, 2));
            Assert.True(sink.TryAdd("other"u8, s_node, 3));
            Assert.False(sink.TryAdd("full"u8, s_node, 4));
            Assert.Equal(96, sink.WrittenBytes);
            Assert.True(sink.TryGetOwnAttributes(out InodeAttributes own));
            Assert.Equal(77UL, own.Inode);
        }
    }

    [Fact]
    public void ATimeOfNowIsLeftToTheVolumesClock()
    {
        AttributeChange change = VolumeFilesystem.ChangeOf(new FuseSetAttrIn
        {
            Valid = FuseSetAttrValid.ATime | FuseSetAttrValid.ATimeNow | FuseSetAttrValid.MTime | FuseSetAttrValid.CTime | FuseSetAttrValid.KillSuidGid,
            MTimeS = 9,
        });
        Assert.Equal(AttributeFields.AtimeNow | AttributeFields.Mtime | AttributeFields.Ctime | AttributeFields.KillPrivileges, change.Fields);
        Assert.Equal(9, change.Mtime.Seconds);
    }
}
