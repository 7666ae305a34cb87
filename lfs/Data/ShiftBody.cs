using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>
/// COLLAPSE_RANGE and INSERT_RANGE, all in one commit or not at all: every extent behind the range moves, and a file that was
/// moved in part would be neither the old nor the new one. A file with more extents behind than a commit holds: <see cref="DataErrno.TooMuch"/>.
/// </summary>
internal readonly struct ShiftBody(ulong inode, long offsetBytes, long lengthBytes, bool isInsert, PendingTrims trims, ChecksumKind checksum) : ICommitBody<bool>
{
    public bool MayUseReserve => false;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out bool unused)
    {
        unused = false;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = InodeAccess.GetRegular(ref context.Reads, inode, buffer, out InodeAttributes attributes);
        if (status != 0 || (status = Check(attributes)) != 0)
        {
            return status;
        }
        // Left-overs of a truncation would move along, to where they might be seen.
        status = trims.CheckNone(ref context.Reads, inode, buffer);
        if (status == 0 && FileForms.Of(attributes) == FileForm.Extents)
        {
            status = isInsert ? ShiftUp(ref context, buffer, ref attributes) : ShiftDown(ref context, buffer, ref attributes);
        }
        if (status != 0)
        {
            return status;
        }
        attributes.SizeBytes += isInsert ? lengthBytes : -lengthBytes;
        attributes.Mtime = context.Now;
        attributes.Ctime = context.Now;
        InodeAccess.Put(ref context, attributes);
        return 0;
    }

    private int Check(in InodeAttributes attributes)
    {
        if (isInsert ? offsetBytes >= attributes.SizeBytes : offsetBytes + lengthBytes >= attributes.SizeBytes)
        {
            return -Errno.EINVAL;
        }
        if (isInsert && attributes.SizeBytes > Limits.MaxFileBytes - lengthBytes)
        {
            return -Errno.EFBIG;
        }
        return FileForms.Of(attributes) == FileForm.Inline ? -DataErrno.ConvertFirst : 0;
    }

    /// <summary>Ascending, so that a record which moves onto the key of an earlier one is put after that key was deleted.</summary>
    private int ShiftDown(ref CommitContext context, scoped Span<byte> buffer, ref InodeAttributes attributes)
    {
        long behind = offsetBytes + lengthBytes;
        int status = ExtentLookup.Covering(ref context.Reads, inode, offsetBytes, ExtentLookup.EndOffset, checksum, buffer, out FoundExtent found);
        while (status == 0)
        {
            if (context.RoomMutations < ExtentPuncher.KeptRoom)
            {
                return -DataErrno.TooMuch;
            }
            Detach(ref context, found, buffer, ref attributes);
            PutPart(ref context, found, buffer, Math.Max(found.StartBytes, behind), found.EndBytes, -lengthBytes, ref attributes);
            status = ExtentLookup.AtLeast(ref context.Reads, inode, found.BlockEndBytes, ExtentLookup.EndOffset - 1, checksum, buffer, out found);
        }
        return status == -Errno.ENOENT ? 0 : status;
    }

    /// <summary>Descending, for the same reason.</summary>
    private int ShiftUp(ref CommitContext context, scoped Span<byte> buffer, ref InodeAttributes attributes)
    {
        int status = ExtentLookup.AtMost(ref context.Reads, inode, ExtentLookup.EndOffset - 1, checksum, buffer, out FoundExtent found);
        while (status == 0 && found.BlockEndBytes > offsetBytes)
        {
            if (context.RoomMutations < ExtentPuncher.KeptRoom)
            {
                return -DataErrno.TooMuch;
            }
            if (found.EndBytes > Limits.MaxFileBytes)
            {
                return -Errno.EFBIG;
            }
            Detach(ref context, found, buffer, ref attributes);
            PutPart(ref context, found, buffer, Math.Max(found.StartBytes, offsetBytes), found.EndBytes, lengthBytes, ref attributes);
            if (found.StartBytes == 0)
            {
                return 0;
            }
            status = ExtentLookup.AtMost(ref context.Reads, inode, found.StartBytes - 1, checksum, buffer, out found);
        }
        return status == -Errno.ENOENT ? 0 : status;
    }

    /// <summary>Takes a record away, but for what lies before the range.</summary>
    private void Detach(ref CommitContext context, in FoundExtent found, scoped ReadOnlySpan<byte> buffer, ref InodeAttributes attributes)
    {
        attributes.AllocatedBytes -= found.Extent.AllocatedBytes;
        if (found.StartBytes >= offsetBytes)
        {
            context.Delete(ExtentLookup.KeyOf(inode, found.StartBytes));
            return;
        }
        PutPart(ref context, found, buffer, found.StartBytes, Math.Min(offsetBytes, found.EndBytes), 0, ref attributes);
    }

    [SkipLocalsInit]
    private void PutPart(ref CommitContext context, in FoundExtent found, scoped ReadOnlySpan<byte> buffer, long fromBytes, long toBytes, long shiftBytes, ref InodeAttributes attributes)
    {
        if (fromBytes >= toBytes)
        {
            return;
        }
        Span<byte> part = stackalloc byte[ExtentRecord.MaxBytes];
        int partBytes = ExtentRecord.Slice(buffer[..found.RecordLengthBytes], found.Extent, checksum, fromBytes - found.StartBytes, toBytes - found.StartBytes, part);
        context.Put(ExtentLookup.KeyOf(inode, fromBytes + shiftBytes), part[..partBytes]);
        attributes.AllocatedBytes += ExtentRecord.RoundUp(toBytes - fromBytes);
    }
}
