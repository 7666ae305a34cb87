using Txlfs.Lfs.Index;

namespace Txlfs.Lfs;

/// <summary>The result of an operation: errno 0 and a value, or a positive errno.</summary>
public readonly struct OpResult<T>(int errno, T value)
{
    public int Errno { get; } = errno;
    public T Value { get; } = value;
    public bool IsOk => Errno == 0;
    public static implicit operator OpResult<T>(T value) => new(0, value);
    public static OpResult<T> Fail(int errno) => new(errno, default!);
}

/// <summary>Seconds and nanoseconds since 1970 UTC; any 64-bit second.</summary>
public readonly record struct Timestamp(long Seconds, uint Nanoseconds)
{
    public static Timestamp FromNs(long ns) => new(Math.DivRem(ns, 1_000_000_000L, out long rest) - (rest < 0 ? 1 : 0), (uint)(rest < 0 ? rest + 1_000_000_000L : rest));
}

/// <summary>Who asks: for ownership of new inodes, for setgid rules, and for the commit's record of its author.</summary>
public readonly record struct Caller(uint Uid, uint Gid, uint Pid);

/// <summary>The attributes of an inode, as stored and as replied.</summary>
public record struct InodeAttributes
{
    public ulong Inode;
    public uint Mode, Uid, Gid, Nlink, Rdev, Flags;
    public long SizeBytes;

    /// <summary>Bytes of the file that are backed by extents or inline data (what st_blocks reports, uncompressed).</summary>
    public long AllocatedBytes;
    public Timestamp Atime, Mtime, Ctime, Btime;

    /// <summary>For a directory: its parent. For other inodes: the directory of the last name given (a hint for fsck).</summary>
    public ulong Parent;
    public uint Generation;

    public readonly bool IsDirectory => (Mode & ModeBits.TypeMask) == ModeBits.Directory;
    public readonly bool IsRegular => (Mode & ModeBits.TypeMask) == ModeBits.Regular;
    public readonly bool IsSymlink => (Mode & ModeBits.TypeMask) == ModeBits.Symlink;
}

public static class ModeBits
{
    public const uint TypeMask = 0xF000, Fifo = 0x1000, Char = 0x2000, Directory = 0x4000, Block = 0x6000, Regular = 0x8000, Symlink = 0xA000, Socket = 0xC000;
    public const uint SetUid = 0x800, SetGid = 0x400, Sticky = 0x200, PermMask = 0xFFF, GroupExec = 8, AllExec = 0x49;
}

/// <summary>
/// One attempt at a read-only operation over what is in memory. Runs on any thread, never blocks, may be run several times.
/// Returns 0 or a negative errno; <see cref="Op.Miss"/> must be passed up unchanged as soon as a context call returns it
/// (the runner then loads what was missing and runs the body anew).
/// </summary>
public interface IReadBody<TResult>
{
    int Run(ref ReadContext context, out TResult result);
}

/// <summary>
/// One attempt at a modifying operation. Runs under the writer lock (one at a time), never blocks, may be run several times;
/// it must not change anything but through the context. Reads do NOT see the body's own writes. A body that returns an error
/// or <see cref="Op.Miss"/> leaves no trace; one that returns 0 is committed atomically, under one CSN.
/// </summary>
public interface ICommitBody<TResult>
{
    /// <summary>True for operations that free space: they may dip into the reserve of a full volume.</summary>
    bool MayUseReserve { get; }

    int Run(ref CommitContext context, out TResult result);
}

public static class Op
{
    /// <summary>Something is not in memory: give up this attempt.</summary>
    public const int Miss = int.MinValue;
}
