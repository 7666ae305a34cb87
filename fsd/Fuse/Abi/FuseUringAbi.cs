using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Txlfs.Fsd.Fuse.Abi;

/// <summary>cmd_op of an IORING_OP_URING_CMD on /dev/fuse.</summary>
public enum FuseUringCommand : uint
{
    Register = 1,
    CommitAndFetch = 2,
}

/// <summary>The command's own part of the 128 byte submission entry.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseUringCommandRequest
{
    public ulong Flags;
    public ulong CommitId;
    public ushort QueueId;
    public PaddingBytes Padding;

    [InlineArray(6)]
    public struct PaddingBytes { private byte _first; }
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseUringEntryInOut
{
    public ulong Flags;

    /// <summary>What COMMIT_AND_FETCH has to name to answer this request.</summary>
    public ulong CommitId;
    public uint PayloadBytes;
    public uint Padding;
    public ulong Reserved;
}

/// <summary>Headers of one ring entry, shared with the kernel: in_out is the request's header, then the reply's.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseUringHeader
{
    public const int PartBytes = 128;

    public Part InOut;
    public Part OperationIn;
    public FuseUringEntryInOut Entry;

    [InlineArray(PartBytes)]
    public struct Part { private byte _first; }
}
