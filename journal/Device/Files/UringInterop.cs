using System.Runtime.InteropServices;

namespace Txlfs.Journal.Device.Files;

/// <summary>io_uring(7) by raw system calls. Numbers and layouts are the same on x86-64 and arm64.</summary>
internal static unsafe partial class UringInterop
{
    private const long SetupNumber = 425;
    private const long EnterNumber = 426;

    public const uint EnterGetEvents = 1;

    public const uint FeatureSingleMmap = 1 << 0;
    public const uint FeatureNoDrop = 1 << 1;

    /// <summary>Came with kernel 5.6, together with IORING_OP_READ and IORING_OP_WRITE.</summary>
    public const uint FeatureCurrentPosition = 1 << 3;

    public const long OffsetOfRings = 0;
    public const long OffsetOfEntries = 0x10000000;

    public const byte OpNop = 0;
    public const byte OpFsync = 3;
    public const byte OpRead = 22;
    public const byte OpWrite = 23;

    /// <summary>IORING_FSYNC_DATASYNC.</summary>
    public const uint FsyncDataOnly = 1;

    /// <summary>RWF_DSYNC.</summary>
    public const uint WriteThrough = 2;

    [StructLayout(LayoutKind.Sequential)]
    public struct SubmissionOffsets
    {
        public uint Head, Tail, RingMask, RingEntries, Flags, Dropped, Array, Reserved;
        public ulong UserAddress;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct CompletionOffsets
    {
        public uint Head, Tail, RingMask, RingEntries, Overflow, Entries, Flags, Reserved;
        public ulong UserAddress;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Parameters
    {
        public uint SubmissionEntries, CompletionEntries, Flags, ThreadCpu, ThreadIdle, Features, WorkerFile;
        public uint Reserved0, Reserved1, Reserved2;
        public SubmissionOffsets Submission;
        public CompletionOffsets Completion;
    }

    [StructLayout(LayoutKind.Explicit, Size = 64)]
    public struct SubmissionEntry
    {
        [FieldOffset(0)] public byte Opcode;
        [FieldOffset(1)] public byte Flags;
        [FieldOffset(4)] public int File;
        [FieldOffset(8)] public long OffsetBytes;
        [FieldOffset(16)] public byte* Memory;
        [FieldOffset(24)] public int LengthBytes;
        [FieldOffset(28)] public uint OperationFlags;
        [FieldOffset(32)] public ulong UserData;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct CompletionEntry
    {
        public ulong UserData;
        public int Result;
        public uint Flags;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Setup(long number, long entries, Parameters* parameters);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Enter(long number, long ring, long submit, long waitFor, long flags, void* signals, long signalsBytes);

    /// <summary>The ring's descriptor, or a negated errno.</summary>
    public static int Setup(uint entries, Parameters* parameters)
    {
        long result = Setup(SetupNumber, entries, parameters);
        return result >= 0 ? (int)result : -Marshal.GetLastPInvokeError();
    }

    /// <summary>How many entries were submitted, or a negated errno.</summary>
    public static int Enter(int ring, uint submit, uint waitFor, uint flags)
    {
        long result = Enter(EnterNumber, ring, submit, waitFor, flags, null, 0);
        return result >= 0 ? (int)result : -Marshal.GetLastPInvokeError();
    }
}
