using System.Runtime.InteropServices;

namespace Txlfs.Fsd.Fuse.Abi;

// The fixed argument structures of requests, in the order of their opcodes. Names and data follow them in the payload.

[StructLayout(LayoutKind.Sequential)]
public struct FuseForgetIn
{
    public ulong LookupCount;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseForgetOne
{
    public ulong NodeId;
    public ulong LookupCount;
}

/// <summary>Followed by <see cref="Count"/> of <see cref="FuseForgetOne"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseBatchForgetIn
{
    public uint Count;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseGetAttrIn
{
    public FuseGetAttrFlags Flags;
    public uint Padding;
    public ulong Fh;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseSetAttrIn
{
    public FuseSetAttrValid Valid;
    public uint Padding;
    public ulong Fh;
    public ulong SizeBytes;
    public ulong LockOwner;
    public long ATimeS;
    public long MTimeS;
    public long CTimeS;
    public uint ATimeNs;
    public uint MTimeNs;
    public uint CTimeNs;
    public uint Mode;
    public uint Unused4;
    public uint Uid;
    public uint Gid;
    public uint Unused5;
}

/// <summary>Followed by the name.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseMkNodIn
{
    public uint Mode;
    public uint RDev;
    public uint Umask;
    public uint Padding;
}

/// <summary>Followed by the name.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseMkDirIn
{
    public uint Mode;
    public uint Umask;
}

/// <summary>Followed by the old and the new name.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseRenameIn
{
    public ulong NewParent;
}

/// <summary>Followed by the old and the new name.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseRename2In
{
    public ulong NewParent;
    public uint Flags;
    public uint Padding;
}

/// <summary>Followed by the new name; the request's node id is the new parent.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseLinkIn
{
    public ulong OldNodeId;
}

/// <summary>OPEN and OPENDIR.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseOpenIn
{
    public uint Flags;
    public FuseOpenInFlags OpenFlags;
}

/// <summary>CREATE and TMPFILE, followed by the name.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseCreateIn
{
    public uint Flags;
    public uint Mode;
    public uint Umask;
    public FuseOpenInFlags OpenFlags;
}

/// <summary>READ, READDIR and READDIRPLUS.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseReadIn
{
    public ulong Fh;
    public ulong OffsetBytes;
    public uint SizeBytes;
    public FuseReadFlags ReadFlags;
    public ulong LockOwner;
    public uint Flags;
    public uint Padding;
}

/// <summary>Followed by the data.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseWriteIn
{
    public ulong Fh;
    public ulong OffsetBytes;
    public uint SizeBytes;
    public FuseWriteFlags WriteFlags;
    public ulong LockOwner;
    public uint Flags;
    public uint Padding;
}

/// <summary>RELEASE and RELEASEDIR.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseReleaseIn
{
    public ulong Fh;
    public uint Flags;
    public FuseReleaseFlags ReleaseFlags;
    public ulong LockOwner;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseFlushIn
{
    public ulong Fh;
    public uint Unused;
    public uint Padding;
    public ulong LockOwner;
}

/// <summary>FSYNC and FSYNCDIR.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseFSyncIn
{
    public ulong Fh;
    public FuseFSyncFlags Flags;
    public uint Padding;
}

/// <summary>Followed by the name and the value. Without <see cref="FuseInitFlags.SetXAttrExt"/> only the first 8 bytes are sent.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseSetXAttrIn
{
    public const int CompatSizeBytes = 8;

    public uint SizeBytes;
    public uint Flags;
    public FuseSetXAttrFlags SetXAttrFlags;
    public uint Padding;
}

/// <summary>GETXATTR (followed by the name) and LISTXATTR. Size 0 asks how long the answer would be.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseGetXAttrIn
{
    public uint SizeBytes;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseFileLock
{
    public ulong Start;
    public ulong End;
    public uint Type;
    public uint Pid;
}

/// <summary>GETLK, SETLK and SETLKW.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseLkIn
{
    public ulong Fh;
    public ulong Owner;
    public FuseFileLock Lock;
    public FuseLockFlags Flags;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseAccessIn
{
    public uint Mask;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseInterruptIn
{
    public ulong Unique;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseBMapIn
{
    public ulong Block;
    public uint BlockSizeBytes;
    public uint Padding;
}

/// <summary>Followed by <see cref="InSizeBytes"/> of data.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseIoctlIn
{
    public ulong Fh;
    public FuseIoctlFlags Flags;
    public uint Command;
    public ulong Argument;
    public uint InSizeBytes;
    public uint OutSizeBytes;
}

[StructLayout(LayoutKind.Sequential)]
public struct FusePollIn
{
    public ulong Fh;
    public ulong Kh;
    public uint Flags;
    public uint Events;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseFAllocateIn
{
    public ulong Fh;
    public ulong OffsetBytes;
    public ulong LengthBytes;
    public uint Mode;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseLSeekIn
{
    public ulong Fh;
    public ulong OffsetBytes;
    public uint Whence;
    public uint Padding;
}

/// <summary>COPY_FILE_RANGE and COPY_FILE_RANGE_64.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseCopyFileRangeIn
{
    public ulong FhIn;
    public ulong OffsetInBytes;
    public ulong NodeIdOut;
    public ulong FhOut;
    public ulong OffsetOutBytes;
    public ulong LengthBytes;
    public ulong Flags;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseSyncFsIn
{
    public ulong Padding;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseStatXIn
{
    public FuseGetAttrFlags GetAttrFlags;
    public uint Reserved;
    public ulong Fh;
    public uint Flags;
    public uint Mask;
}

/// <summary>NOTIFY_REPLY to a RETRIEVE, followed by the data.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseNotifyRetrieveIn
{
    public ulong Dummy1;
    public ulong OffsetBytes;
    public uint SizeBytes;
    public uint Dummy2;
    public ulong Dummy3;
    public ulong Dummy4;
}

/// <summary>Begins an extension at the end of a request.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseExtHeader
{
    public const uint TypeSupplementaryGroups = 32;

    public uint SizeBytes;
    public uint Type;
}
