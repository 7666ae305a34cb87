using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime;

namespace Txlfs.Lfs;

/// <summary>What kind of operation a commit is; written into its redo for <c>txlfs log</c>. On disk; never renumbered.</summary>
public enum CommitKind : byte
{
    Format = 1, Create = 2, Mkdir = 3, Mknod = 4, Symlink = 5, Link = 6, Unlink = 7, Rmdir = 8, Rename = 9, SetAttributes = 10, Write = 11,
    Truncate = 12, Fallocate = 13, CopyRange = 14, SetXattr = 15, RemoveXattr = 16, Reap = 17, Tmpfile = 18, Clean = 19, Repair = 30,
}

/// <summary>
/// What the namespace and the data path stand on: bodies run against the index, data goes through the log. Implemented by the
/// volume's engine (and by a small fake in the unit tests).
/// </summary>
internal interface IEngine
{
    Seams Seams { get; }
    CodecKind DataCodec { get; }
    ChecksumKind ChecksumKind { get; }

    /// <summary>The volume's secret of name hashing, drawn at format: nobody can prepare names that collide.</summary>
    ulong NameHashSeed { get; }

    /// <summary>Native scratch memory; see <see cref="ScratchPool"/>.</summary>
    ScratchPool Scratch { get; }

    /// <summary>
    /// Odd while a commit is being applied to the index, another number after it. Read bodies run beside that, record by record: one whose records
    /// must fit together compares this before its first and after its last look-up (<see cref="ApplyWindow"/>).
    /// </summary>
    long ApplyVersion { get; }

    /// <summary>Runs a read body to its end; completes synchronously when all is in memory.</summary>
    ValueTask<OpResult<TResult>> ReadAsync<TBody, TResult>(TBody body) where TBody : struct, IReadBody<TResult>;

    /// <summary>
    /// Runs a commit body to its end. When it completes the commit is applied and logged (visible to every later read), NOT yet durable.
    /// ENOSPC when the volume has no room (bodies with MayUseReserve get more); EROFS on a read-only or failed volume.
    /// </summary>
    ValueTask<OpResult<TResult>> CommitAsync<TBody, TResult>(TBody body, Caller caller, CommitKind kind) where TBody : struct, ICommitBody<TResult>;

    /// <summary>
    /// Room for one stored extent in the open frame. <paramref name="isAligned"/>: address and memory are multiples of the block size
    /// (raw extents); otherwise packed to 8 bytes. Completes synchronously unless the log is behind (back-pressure). -ENOSPC, -EROFS.
    /// Every successful reservation must be given to <see cref="CompleteData"/>, soon and without awaiting anything in between, and its address
    /// later to <see cref="ReleaseData"/>.
    /// </summary>
    ValueTask<OpResult<DataReservation>> ReserveDataAsync(int storedLengthBytes, bool isAligned, ExtentTag tag);

    /// <summary>The bytes are in place. <paramref name="digest"/>: Checksum.Compute over all stored bytes, MaxWidthBytes long.</summary>
    void CompleteData(in DataReservation reservation, ReadOnlySpan<byte> digest);

    /// <summary>A committed record names the data at this address now, or none ever will: until then its segment is not given to anybody else.</summary>
    void ReleaseData(long addressBytes);

    /// <summary>
    /// Reads exactly destination.LengthBytes stored bytes at any device address (from a frame still in memory, or from the device; bounces
    /// when unaligned). Nothing is verified. 0 or -errno. Synchronous when in memory.
    /// </summary>
    ValueTask<int> ReadStoredAsync(long addressBytes, NativeSlice destination);

    /// <summary>Starts background work (orphan reaping); runs on the executor.</summary>
    void QueueBackground(Func<ValueTask> work);
}
