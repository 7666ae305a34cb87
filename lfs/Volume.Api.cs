using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;

namespace Txlfs.Lfs;

/// <summary>What a volume is formatted with. Validated by the formatter; errors name the field.</summary>
public sealed record FormatOptions
{
    public string Label { get; init; } = "";
    public Guid? Uuid { get; init; }
    public int SegmentBytes { get; init; } = Limits.DefaultSegmentBytes;
    public CodecKind Compression { get; init; } = CodecKind.Lz4;
    public ChecksumKind Checksum { get; init; } = ChecksumKind.Crc32c;
    public uint RootUid { get; init; }
    public uint RootGid { get; init; }
}

public sealed record VolumeOptions
{
    /// <summary>Ceiling of the volume's own memory (page cache, frames, scratch), bytes.</summary>
    public long MemoryBytes { get; init; } = 64L << 20;
    public bool IsReadOnly { get; init; }
    public bool Discard { get; init; }

    /// <summary>A checkpoint is begun after so much log, bytes; 0: after what this device reads back in about a second (16 to 256 MiB).</summary>
    public long CheckpointLogBytes { get; init; }
    public int CheckpointIntervalMs { get; init; } = 30_000;

    /// <summary>The longest time that a committed operation stays out of the log when nobody syncs, milliseconds.</summary>
    public int CommitIntervalMs { get; init; } = 1000;
}

/// <summary>Why a volume cannot be formatted or opened; the message is one line for people.</summary>
public sealed class VolumeException(int errno, string message) : Exception(message)
{
    public int Errno { get; } = errno;
}

[Flags]
public enum AttributeFields : uint
{
    None = 0, Mode = 1, Uid = 2, Gid = 4, Size = 8, Atime = 16, Mtime = 32, Ctime = 64, AtimeNow = 128, MtimeNow = 256,

    /// <summary>Clear setuid, and setgid when group-executable (FUSE kill-suidgid).</summary>
    KillPrivileges = 512,
}

public record struct AttributeChange
{
    public AttributeFields Fields;
    public uint Mode, Uid, Gid;
    public long SizeBytes;
    public Timestamp Atime, Mtime, Ctime;
}

[Flags]
public enum RenameFlags : uint { None = 0, NoReplace = 1, Exchange = 2, Whiteout = 4 }

[Flags]
public enum FallocateMode : uint { None = 0, KeepSize = 1, PunchHole = 2, CollapseRange = 8, ZeroRange = 16, InsertRange = 32, UnshareRange = 64 }

[Flags]
public enum WriteOptions : uint { None = 0, KillPrivileges = 1, Append = 2, FromCache = 4 }

public readonly record struct VolumeStatistics(
    long TotalBytes, long FreeBytes, long AvailableBytes, ulong Inodes, ulong FreeInodes);

/// <summary>Receives directory entries; false means full, the entry was not taken.</summary>
public interface IDirectorySink
{
    /// <param name="cookie">Where a later read continues after this entry.</param>
    bool TryAdd(ReadOnlySpan<byte> name, in InodeAttributes attributes, ulong cookie);
}

// The volume's operations. Names are native slices (no NUL inside), valid until the returned task completes; so are buffers.
// Every method completes synchronously when all that it needs is in memory.
//
// Volume.cs           engine, open, close, sync, statfs, checkpoint
// Volume.Namespace.cs
//   ValueTask<OpResult<InodeAttributes>> LookupAsync(ulong parent, NativeSlice name)            "." and ".." included
//   ValueTask<OpResult<InodeAttributes>> GetAttributesAsync(ulong inode)
//   ValueTask<OpResult<InodeAttributes>> SetAttributesAsync(ulong inode, AttributeChange change, Caller caller)   Size goes to the data path
//   ValueTask<OpResult<InodeAttributes>> CreateAsync(ulong parent, NativeSlice name, uint mode, uint rdev, Caller caller, bool open, uint umask = 0)   regular files, fifos, sockets, nodes
//   ValueTask<OpResult<InodeAttributes>> MakeDirectoryAsync(ulong parent, NativeSlice name, uint mode, Caller caller, uint umask = 0)
//   ValueTask<OpResult<InodeAttributes>> SymlinkAsync(ulong parent, NativeSlice name, NativeSlice target, Caller caller)
//   ValueTask<OpResult<InodeAttributes>> CreateTemporaryAsync(ulong parent, uint mode, Caller caller, uint umask = 0)   O_TMPFILE: nlink 0, opened
//   ValueTask<OpResult<InodeAttributes>> LinkAsync(ulong inode, ulong parent, NativeSlice name, Caller caller)
//   ValueTask<int> UnlinkAsync(ulong parent, NativeSlice name, Caller caller)
//   ValueTask<int> RemoveDirectoryAsync(ulong parent, NativeSlice name, Caller caller)
//   ValueTask<int> RenameAsync(ulong oldParent, NativeSlice oldName, ulong newParent, NativeSlice newName, RenameFlags flags, Caller caller)
//   ValueTask<int> ReadLinkAsync(ulong inode, NativeSlice destination)                           length or -errno
//   ValueTask<OpResult<InodeAttributes>> OpenAsync(ulong inode)                                  counts an open
//   void Release(ulong inode)                                                                    the last one frees an orphan
//   ValueTask<int> ReadDirectoryAsync<TSink>(ulong inode, ulong cookie, TSink sink) where TSink : class, IDirectorySink
//   ValueTask<int> SetXattrAsync(ulong inode, NativeSlice name, NativeSlice value, int flags, Caller caller)   XATTR_CREATE 1, XATTR_REPLACE 2, XattrKillSetGid
//   ValueTask<int> GetXattrAsync(ulong inode, NativeSlice name, NativeSlice destination)         length; empty destination asks for it; -ERANGE, -ENODATA
//   ValueTask<int> ListXattrAsync(ulong inode, NativeSlice destination)
//   ValueTask<int> RemoveXattrAsync(ulong inode, NativeSlice name, Caller caller)
// Volume.Data.cs
//   ValueTask<int> ReadAsync(ulong inode, long offsetBytes, NativeSlice destination)             bytes, or -errno; 0 at the end
//   ValueTask<int> WriteAsync(ulong inode, long offsetBytes, NativeSlice source, WriteOptions options, Caller caller)
//   ValueTask<OpResult<InodeAttributes>> SetSizeAsync(ulong inode, long sizeBytes, AttributeChange others, Caller caller)
//   ValueTask<int> FallocateAsync(ulong inode, FallocateMode mode, long offsetBytes, long lengthBytes, Caller caller)
//   ValueTask<OpResult<long>> SeekAsync(ulong inode, long offsetBytes, int whence)               SEEK_DATA 3, SEEK_HOLE 4
//   ValueTask<OpResult<long>> CopyRangeAsync(ulong source, long sourceOffsetBytes, ulong target, long targetOffsetBytes, long lengthBytes, Caller caller)
// Volume.cs
//   static ValueTask FormatAsync(IBlockDevice device, FormatOptions options, Seams seams)        throws VolumeException
//   static ValueTask<Volume> OpenAsync(IBlockDevice device, VolumeOptions options, Seams seams)  throws VolumeException
//   ValueTask<int> SyncAsync()        all that completed before is durable when this completes with 0 (fsync, syncfs)
//   VolumeStatistics Statistics()
//   ValueTask<int> CheckpointAsync()
//   ValueTask<int> CloseAsync()       drains, checkpoints, marks clean; the device stays the caller's
