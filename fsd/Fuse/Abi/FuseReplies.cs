using System.Runtime.InteropServices;

namespace Txlfs.Fsd.Fuse.Abi;

// Fixed bodies of replies that are not attributes.

[StructLayout(LayoutKind.Sequential)]
public struct FuseOpenOut
{
    public ulong Fh;
    public FuseOpenFlags OpenFlags;
    public int BackingId;
}

/// <summary>Reply of CREATE and TMPFILE.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseCreateOut
{
    public FuseEntryOut Entry;
    public FuseOpenOut Open;
}

/// <summary>Reply of WRITE and COPY_FILE_RANGE.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseWriteOut
{
    public uint SizeBytes;
    public uint Padding;
}

/// <summary>Reply of GETXATTR and LISTXATTR when the request's size was 0.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseGetXAttrOut
{
    public uint SizeBytes;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseLkOut
{
    public FuseFileLock Lock;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseBMapOut
{
    public ulong Block;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseIoctlOut
{
    public int Result;
    public FuseIoctlFlags Flags;
    public uint InIovecs;
    public uint OutIovecs;
}

[StructLayout(LayoutKind.Sequential)]
public struct FusePollOut
{
    public uint ReadyEvents;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseLSeekOut
{
    public ulong OffsetBytes;
}

/// <summary>Reply of COPY_FILE_RANGE_64.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseCopyFileRangeOut
{
    public ulong CopiedBytes;
}

/// <summary>A directory entry; the name follows, padded to 8 bytes. Written by <see cref="DirentWriter"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseDirent
{
    public ulong Ino;

    /// <summary>The cookie from which reading goes on after this entry.</summary>
    public ulong NextCookie;
    public uint NameLengthBytes;

    /// <summary>DT_*: the file type bits of the mode, shifted right by 12.</summary>
    public uint Type;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseDirentPlus
{
    public FuseEntryOut Entry;
    public FuseDirent Dirent;
}
