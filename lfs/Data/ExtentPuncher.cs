using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>
/// Takes a range out of a file's extents inside a commit: whole records are deleted, those that reach out of the range are cut. The
/// range begins anywhere (a block that is cut keeps its stored block) and ends at a block border.
/// </summary>
internal struct ExtentPuncher(ulong inode, ChecksumKind checksum)
{
    /// <summary>Mutations that the caller still needs after the punch.</summary>
    public const int KeptRoom = 64;

    /// <summary>What the punch took from the file's allocated bytes.</summary>
    public long FreedBytes { get; private set; }

    /// <summary>Less than the end of the range when the commit had no room for all of it.</summary>
    public long PunchedToBytes { get; private set; }

    /// <summary>Whether a record ends exactly at the range's begin; its value is then in <see cref="Before"/>.</summary>
    public FoundExtent Predecessor { get; private set; }

    /// <param name="replaced">Records that the caller puts in this commit: no deletion is spent on a key that is replaced.</param>
    /// <param name="before">Receives the predecessor's value; empty when nobody asks for it.</param>
    [SkipLocalsInit]
    public int Punch(ref CommitContext context, long fromBytes, long toBytes, WriteState? replaced, scoped Span<byte> buffer, scoped Span<byte> before)
    {
        PunchedToBytes = toBytes;
        int status = ExtentLookup.AtMost(ref context.Reads, inode, fromBytes, checksum, buffer, out FoundExtent found);
        if (status is not 0 and not -Errno.ENOENT)
        {
            return status;
        }
        if (status == 0 && found.BlockEndBytes <= fromBytes)
        {
            if (found.EndBytes == fromBytes && !before.IsEmpty)
            {
                buffer[..found.RecordLengthBytes].CopyTo(before);
                Predecessor = found;
            }
            status = -Errno.ENOENT;
        }
        if (status != 0)
        {
            status = ExtentLookup.AtLeast(ref context.Reads, inode, fromBytes, toBytes - 1, checksum, buffer, out found);
        }
        while (status == 0)
        {
            if (context.RoomMutations < KeptRoom)
            {
                PunchedToBytes = found.StartBytes;
                return 0;
            }
            Cut(ref context, found, fromBytes, toBytes, replaced, buffer[..found.RecordLengthBytes]);
            status = ExtentLookup.AtLeast(ref context.Reads, inode, found.BlockEndBytes, toBytes - 1, checksum, buffer, out found);
        }
        return status == -Errno.ENOENT ? 0 : status;
    }

    private void Cut(ref CommitContext context, in FoundExtent found, long fromBytes, long toBytes, WriteState? replaced, scoped ReadOnlySpan<byte> value)
    {
        long keptBytes = found.Extent.IsUnwritten ? ExtentRecord.RoundUp(fromBytes - found.StartBytes) : fromBytes - found.StartBytes;
        if (keptBytes >= found.Extent.VisibleLengthBytes)
        {
            return;
        }
        FreedBytes += found.Extent.AllocatedBytes;
        if (keptBytes > 0)
        {
            PutPart(ref context, found, value, 0, keptBytes, found.StartBytes);
        }
        else if (replaced is null || !replaced.HasRecordAt(found.StartBytes))
        {
            context.Delete(ExtentLookup.KeyOf(inode, found.StartBytes));
        }
        if (found.EndBytes > toBytes)
        {
            PutPart(ref context, found, value, toBytes - found.StartBytes, found.Extent.VisibleLengthBytes, toBytes);
        }
    }

    [SkipLocalsInit]
    private void PutPart(ref CommitContext context, in FoundExtent found, scoped ReadOnlySpan<byte> value, long from, long to, long offsetBytes)
    {
        Span<byte> part = stackalloc byte[ExtentRecord.MaxBytes];
        int lengthBytes = ExtentRecord.Slice(value, found.Extent, checksum, from, to, part);
        context.Put(ExtentLookup.KeyOf(inode, offsetBytes), part[..lengthBytes]);
        FreedBytes -= ExtentRecord.RoundUp(to - from);
    }
}
