using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>
/// One batch of a preallocation: unwritten records over the holes of [from, to), both at block borders. Returns how far it came.
/// <paramref name="sizeBytes"/>: the size that the file shall have at least when the range is done; 0 keeps the size.
/// </summary>
internal readonly struct AllocateBody(ulong inode, long fromBytes, long toBytes, long sizeBytes, PendingTrims trims, ChecksumKind checksum) : ICommitBody<long>
{
    /// <summary>The writer is not held for longer walks than this over a range that is allocated already.</summary>
    private const int MaxLooks = 1024;

    public bool MayUseReserve => false;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out long reachedBytes)
    {
        reachedBytes = toBytes;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = InodeAccess.GetRegular(ref context.Reads, inode, buffer, out InodeAttributes attributes);
        if (status != 0)
        {
            return status;
        }
        if (toBytes > attributes.SizeBytes && (status = trims.CheckNone(ref context.Reads, inode, buffer)) != 0)
        {
            return status;
        }
        if (FileForms.Of(attributes) != FileForm.Inline)
        {
            status = Fill(ref context, ref attributes, buffer, out reachedBytes);
        }
        else if (toBytes > Limits.BlockBytes)
        {
            // Inline content answers for the file's first block only; a longer range needs extents.
            status = -DataErrno.ConvertFirst;
        }
        if (status != 0)
        {
            return status;
        }
        long size = Math.Max(attributes.SizeBytes, Math.Min(sizeBytes, reachedBytes));
        if (size != attributes.SizeBytes)
        {
            attributes.SizeBytes = size;
            attributes.Mtime = context.Now;
        }
        attributes.Ctime = context.Now;
        InodeAccess.Put(ref context, attributes);
        return 0;
    }

    private int Fill(ref CommitContext context, ref InodeAttributes attributes, scoped Span<byte> buffer, out long cursor)
    {
        cursor = fromBytes;
        int status = ExtendPredecessor(ref context, ref attributes, buffer, ref cursor);
        if (status != 0)
        {
            return status;
        }
        for (int looks = 0; looks < MaxLooks && cursor < toBytes; looks++)
        {
            status = ExtentLookup.Covering(ref context.Reads, inode, cursor, toBytes, checksum, buffer, out FoundExtent found);
            if (status is not 0 and not -Errno.ENOENT)
            {
                return status;
            }
            long gapEnd = status == 0 ? found.StartBytes : toBytes;
            while (cursor < gapEnd)
            {
                if (context.RoomMutations < ExtentPuncher.KeptRoom)
                {
                    return 0;
                }
                long lengthBytes = Math.Min(gapEnd - cursor, ExtentRecord.MaxUnwrittenBytes);
                PutUnwritten(ref context, cursor, lengthBytes);
                attributes.AllocatedBytes += lengthBytes;
                cursor += lengthBytes;
            }
            if (status == 0)
            {
                cursor = Math.Min(toBytes, found.BlockEndBytes);
            }
        }
        return 0;
    }

    /// <summary>A range that continues an unwritten record makes it longer instead of beginning another.</summary>
    private int ExtendPredecessor(ref CommitContext context, ref InodeAttributes attributes, scoped Span<byte> buffer, ref long cursor)
    {
        int status = ExtentLookup.AtMost(ref context.Reads, inode, fromBytes, checksum, buffer, out FoundExtent before);
        if (status != 0 || !before.Extent.IsUnwritten || before.EndBytes != fromBytes)
        {
            return status == -Errno.ENOENT ? 0 : status;
        }
        status = ExtentLookup.AtLeast(ref context.Reads, inode, fromBytes, toBytes - 1, checksum, buffer, out FoundExtent next);
        if (status is not 0 and not -Errno.ENOENT)
        {
            return status;
        }
        long gapBytes = (status == 0 ? next.StartBytes : toBytes) - fromBytes;
        long lengthBytes = Math.Min(gapBytes, ExtentRecord.MaxUnwrittenBytes - before.Extent.VisibleLengthBytes);
        if (lengthBytes > 0)
        {
            PutUnwritten(ref context, before.StartBytes, before.Extent.VisibleLengthBytes + lengthBytes);
            attributes.AllocatedBytes += lengthBytes;
            cursor += lengthBytes;
        }
        return 0;
    }

    private void PutUnwritten(ref CommitContext context, long offsetBytes, long lengthBytes)
    {
        Span<byte> value = stackalloc byte[ExtentRecord.HeaderBytes];
        ExtentRecord.WriteUnwritten(value, lengthBytes);
        context.Put(ExtentLookup.KeyOf(inode, offsetBytes), value);
    }
}
