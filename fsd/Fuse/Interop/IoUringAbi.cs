using System.Runtime.InteropServices;

namespace Txlfs.Fsd.Fuse.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct IoUringParams
{
    public uint SqEntries;
    public uint CqEntries;
    public uint Flags;
    public uint SqThreadCpu;
    public uint SqThreadIdle;
    public uint Features;
    public uint WqFd;
    public uint Reserved0, Reserved1, Reserved2;
    public SqOffsets Sq;
    public CqOffsets Cq;

    [StructLayout(LayoutKind.Sequential)]
    public struct SqOffsets
    {
        public uint Head, Tail, RingMask, RingEntries, Flags, Dropped, Array, Reserved;
        public ulong UserAddress;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct CqOffsets
    {
        public uint Head, Tail, RingMask, RingEntries, Overflow, Cqes, Flags, Reserved;
        public ulong UserAddress;
    }
}

/// <summary>A submission of 128 bytes (IORING_SETUP_SQE128); the command's own part begins at 48.</summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct IoUringSqe
{
    public const byte OpTimeout = 11, OpMsgRing = 40, OpUringCmd = 46;

    [FieldOffset(0)] public byte Opcode;
    [FieldOffset(1)] public byte Flags;
    [FieldOffset(4)] public int Fd;

    /// <summary>off; of a URING_CMD its cmd_op, of a MSG_RING the user data that the target receives.</summary>
    [FieldOffset(8)] public ulong Offset;
    [FieldOffset(16)] public ulong Address;
    [FieldOffset(24)] public uint Length;

    /// <summary>rw_flags, fsync_flags.</summary>
    [FieldOffset(28)] public uint OperationFlags;
    [FieldOffset(32)] public ulong UserData;
    [FieldOffset(48)] public Abi.FuseUringCommandRequest Command;
}

[StructLayout(LayoutKind.Sequential)]
internal struct IoUringCqe
{
    public ulong UserData;
    public int Result;
    public uint Flags;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoUringGetEventsArg
{
    public ulong SigMask;
    public uint SigMaskBytes;
    public uint MinWaitUs;
    public KernelTimeSpec* Timeout;
}

[StructLayout(LayoutKind.Sequential)]
internal struct KernelTimeSpec
{
    public long Seconds;
    public long Nanoseconds;
}
