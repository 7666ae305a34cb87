using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Txlfs.Fsd.Fuse.Abi;

[StructLayout(LayoutKind.Sequential)]
public struct FuseAttr
{
    public ulong Ino;
    public ulong SizeBytes;

    /// <summary>In units of 512 bytes.</summary>
    public ulong Blocks;
    public long ATimeS;
    public long MTimeS;
    public long CTimeS;
    public uint ATimeNs;
    public uint MTimeNs;
    public uint CTimeNs;
    public uint Mode;
    public uint NLink;
    public uint Uid;
    public uint Gid;
    public uint RDev;
    public uint BlockSizeBytes;
    public FuseAttrFlags Flags;
}

/// <summary>Reply of GETATTR and SETATTR.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseAttrOut
{
    public ulong AttrValidS;
    public uint AttrValidNs;
    public uint Padding;
    public FuseAttr Attr;
}

/// <summary>Reply of LOOKUP, MKNOD, MKDIR, SYMLINK and LINK. Node id 0 caches that the name is not there.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseEntryOut
{
    public ulong NodeId;
    public ulong Generation;
    public ulong EntryValidS;
    public ulong AttrValidS;
    public uint EntryValidNs;
    public uint AttrValidNs;
    public FuseAttr Attr;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseSxTime
{
    public long S;
    public uint Ns;
    public int Reserved;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseStatX
{
    public uint Mask;
    public uint BlockSizeBytes;
    public ulong Attributes;
    public uint NLink;
    public uint Uid;
    public uint Gid;
    public ushort Mode;
    public ushort Spare0;
    public ulong Ino;
    public ulong SizeBytes;
    public ulong Blocks;
    public ulong AttributesMask;
    public FuseSxTime ATime;
    public FuseSxTime BTime;
    public FuseSxTime CTime;
    public FuseSxTime MTime;
    public uint RDevMajor;
    public uint RDevMinor;
    public uint DevMajor;
    public uint DevMinor;
    public SpareWords Spare2;

    [InlineArray(14)]
    public struct SpareWords { private ulong _first; }
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseStatXOut
{
    public ulong AttrValidS;
    public uint AttrValidNs;
    public uint Flags;
    public ulong Spare0;
    public ulong Spare1;
    public FuseStatX Stat;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseStatFsOut
{
    public ulong Blocks;
    public ulong BlocksFree;
    public ulong BlocksAvailable;
    public ulong Files;
    public ulong FilesFree;
    public uint BlockSizeBytes;
    public uint NameMaxBytes;
    public uint FragmentSizeBytes;
    public uint Padding;
    public SpareWords Spare;

    [InlineArray(6)]
    public struct SpareWords { private uint _first; }
}
