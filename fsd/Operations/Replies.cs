using System.Runtime.CompilerServices;
using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

/// <summary>Attributes in the kernel's clothes. The daemon is the only writer, so the kernel may keep what it is told for a day.</summary>
internal static class Replies
{
    /// <summary>How long names (also absent ones) and attributes stay valid in the kernel, seconds.</summary>
    public const ulong ValidS = 86_400;

    private const uint StatBasicMask = 0x7FF, StatBirthTime = 0x800;

    /// <summary>Writes the body to the beginning of the reply memory; the length that it has.</summary>
    public static unsafe int Put<T>(FuseRequest request, in T body) where T : unmanaged
    {
        Unsafe.WriteUnaligned(ref request.ReplyMemory.Slice(0, sizeof(T)).Span[0], body);
        return sizeof(T);
    }

    public static FuseEntryOut Entry(in InodeAttributes attributes) => new()
    {
        NodeId = attributes.Inode,
        Generation = attributes.Generation,
        EntryValidS = ValidS,
        AttrValidS = ValidS,
        Attr = Attr(attributes),
    };

    /// <summary>The name is not there, and will not be until the kernel itself asks for it to be made.</summary>
    public static FuseEntryOut AbsentEntry() => new() { EntryValidS = ValidS };

    public static FuseAttrOut Attributes(in InodeAttributes attributes) => new() { AttrValidS = ValidS, Attr = Attr(attributes) };

    public static FuseAttr Attr(in InodeAttributes attributes) => new()
    {
        Ino = attributes.Inode,
        SizeBytes = (ulong)attributes.SizeBytes,
        Blocks = Blocks(attributes),
        ATimeS = attributes.Atime.Seconds,
        MTimeS = attributes.Mtime.Seconds,
        CTimeS = attributes.Ctime.Seconds,
        ATimeNs = attributes.Atime.Nanoseconds,
        MTimeNs = attributes.Mtime.Nanoseconds,
        CTimeNs = attributes.Ctime.Nanoseconds,
        Mode = attributes.Mode,
        NLink = attributes.Nlink,
        Uid = attributes.Uid,
        Gid = attributes.Gid,
        RDev = attributes.Rdev,
        BlockSizeBytes = Limits.BlockBytes,
    };

    public static FuseStatXOut ExtendedStat(in InodeAttributes attributes) => new()
    {
        AttrValidS = ValidS,
        Stat = new FuseStatX
        {
            Mask = StatBasicMask | StatBirthTime,
            BlockSizeBytes = Limits.BlockBytes,
            NLink = attributes.Nlink,
            Uid = attributes.Uid,
            Gid = attributes.Gid,
            Mode = (ushort)attributes.Mode,
            Ino = attributes.Inode,
            SizeBytes = (ulong)attributes.SizeBytes,
            Blocks = Blocks(attributes),
            ATime = Time(attributes.Atime),
            BTime = Time(attributes.Btime),
            CTime = Time(attributes.Ctime),
            MTime = Time(attributes.Mtime),
            RDevMajor = (attributes.Rdev >> 8) & 0xFFF,
            RDevMinor = (attributes.Rdev & 0xFF) | ((attributes.Rdev >> 12) & 0xFFF00),
        },
    };

    private static ulong Blocks(in InodeAttributes attributes) => ((ulong)attributes.AllocatedBytes + 511) / 512;

    private static FuseSxTime Time(Timestamp time) => new() { S = time.Seconds, Ns = time.Nanoseconds };
}
