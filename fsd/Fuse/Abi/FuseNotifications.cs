using System.Runtime.InteropServices;

namespace Txlfs.Fsd.Fuse.Abi;

// Bodies of unsolicited messages from the server.

[StructLayout(LayoutKind.Sequential)]
public struct FuseNotifyInvalInodeOut
{
    public ulong NodeId;

    /// <summary>Negative: only the attributes are dropped.</summary>
    public long OffsetBytes;

    /// <summary>0 or negative: to the end of the file.</summary>
    public long LengthBytes;
}

/// <summary>Followed by the name and a NUL.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseNotifyInvalEntryOut
{
    public ulong Parent;
    public uint NameLengthBytes;
    public FuseInvalEntryFlags Flags;
}

/// <summary>Followed by the name and a NUL.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseNotifyDeleteOut
{
    public ulong Parent;
    public ulong Child;
    public uint NameLengthBytes;
    public uint Padding;
}

/// <summary>Followed by the data for the page cache.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseNotifyStoreOut
{
    public ulong NodeId;
    public ulong OffsetBytes;
    public uint SizeBytes;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseNotifyRetrieveOut
{
    public ulong NotifyUnique;
    public ulong NodeId;
    public ulong OffsetBytes;
    public uint SizeBytes;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseNotifyPollWakeupOut
{
    public ulong Kh;
}

/// <summary>Followed by <see cref="Count"/> node ids.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseNotifyPruneOut
{
    public uint Count;
    public uint Padding;
    public ulong Spare;
}
