using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>A copy's request: from where to where, and how much at most. Offsets at block borders.</summary>
internal readonly record struct CopyRange(ulong Source, long SourceOffsetBytes, ulong Target, long TargetOffsetBytes, long LengthBytes);

/// <summary>
/// Copies by sharing: the target gets records that point at the source's stored extents. Each record counts its own share of the live
/// bytes, so the stored bytes stay until the last of them is gone. Holes and unwritten ranges are copied as such. Returns the bytes copied.
/// </summary>
internal readonly struct CopyBody(CopyRange range, PendingTrims trims, ChecksumKind checksum) : ICommitBody<long>
{
    public bool MayUseReserve => false;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out long copiedBytes)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = InodeAccess.GetRegular(ref context.Reads, range.Source, buffer, out InodeAttributes source);
        copiedBytes = 0;
        if (status != 0)
        {
            return status;
        }
        status = InodeAccess.GetRegular(ref context.Reads, range.Target, buffer, out InodeAttributes target);
        if (status != 0 || range.SourceOffsetBytes >= source.SizeBytes)
        {
            return status;
        }
        if (FileForms.Of(source) == FileForm.Inline || FileForms.Of(target) == FileForm.Inline)
        {
            return -DataErrno.CopyInstead;
        }
        copiedBytes = ShareableBytes(source, target);
        if (copiedBytes == 0)
        {
            return -DataErrno.CopyInstead;
        }
        long targetEnd = range.TargetOffsetBytes + copiedBytes;
        if (targetEnd > target.SizeBytes && (status = trims.CheckNone(ref context.Reads, range.Target, buffer)) != 0)
        {
            return status;
        }
        status = Replace(ref context, copiedBytes, ref target, buffer);
        if (status != 0)
        {
            return status;
        }
        target.SizeBytes = Math.Max(target.SizeBytes, targetEnd);
        target.Mtime = context.Now;
        target.Ctime = context.Now;
        InodeAccess.Put(ref context, target);
        return 0;
    }

    /// <summary>Whole blocks; the source's last, short one only where the target has nothing behind it.</summary>
    private long ShareableBytes(in InodeAttributes source, in InodeAttributes target)
    {
        long bytes = Math.Min(range.LengthBytes, source.SizeBytes - range.SourceOffsetBytes);
        return range.TargetOffsetBytes + bytes >= target.SizeBytes && range.SourceOffsetBytes + bytes == source.SizeBytes ? bytes : ExtentRecord.RoundDown(bytes);
    }

    private int Replace(ref CommitContext context, long copiedBytes, ref InodeAttributes target, scoped Span<byte> buffer)
    {
        ExtentPuncher puncher = new(range.Target, checksum);
        long targetEnd = ExtentRecord.RoundUp(range.TargetOffsetBytes + copiedBytes);
        int status = puncher.Punch(ref context, range.TargetOffsetBytes, targetEnd, null, buffer, default);
        if (status == 0 && puncher.PunchedToBytes < targetEnd)
        {
            status = -DataErrno.TooMuch;
        }
        if (status == 0)
        {
            target.AllocatedBytes -= puncher.FreedBytes;
            status = Share(ref context, copiedBytes, ref target, buffer);
        }
        return status;
    }

    [SkipLocalsInit]
    private int Share(ref CommitContext context, long copiedBytes, ref InodeAttributes target, scoped Span<byte> buffer)
    {
        Span<byte> part = stackalloc byte[ExtentRecord.MaxBytes];
        long sourceEnd = range.SourceOffsetBytes + copiedBytes;
        int status = ExtentLookup.Covering(ref context.Reads, range.Source, range.SourceOffsetBytes, sourceEnd, checksum, buffer, out FoundExtent found);
        while (status == 0)
        {
            if (context.RoomMutations < ExtentPuncher.KeptRoom)
            {
                return -DataErrno.TooMuch;
            }
            long from = Math.Max(found.StartBytes, range.SourceOffsetBytes), to = Math.Min(found.EndBytes, sourceEnd);
            if (from < to)
            {
                int partBytes = ExtentRecord.Slice(buffer[..found.RecordLengthBytes], found.Extent, checksum, from - found.StartBytes, to - found.StartBytes, part);
                context.Put(ExtentLookup.KeyOf(range.Target, from - range.SourceOffsetBytes + range.TargetOffsetBytes), part[..partBytes]);
                target.AllocatedBytes += ExtentRecord.RoundUp(to - from);
            }
            status = ExtentLookup.AtLeast(ref context.Reads, range.Source, found.BlockEndBytes, sourceEnd - 1, checksum, buffer, out found);
        }
        return status == -Errno.ENOENT ? 0 : status;
    }
}
