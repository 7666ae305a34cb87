using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs.Data;

/// <summary>What a truncation's first commit left behind.</summary>
internal readonly record struct TruncateResult(InodeAttributes Attributes, bool LeavesTrim);

/// <summary>
/// Sets the size, and with it the other attributes of the request. Going down, the last extent is cut exactly at the size (what
/// its block still stores behind that reads as zeros from now on); what does not fit this commit is left to a trim record.
/// </summary>
internal readonly struct SetSizeBody(NamespaceRoom room, ulong inode, long sizeBytes, AttributeChange others, PendingTrims trims, ChecksumKind checksum) : ICommitBody<TruncateResult>
{
    public bool MayUseReserve => true;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out TruncateResult result)
    {
        result = default;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = InodeAccess.GetRegular(ref context.Reads, inode, buffer, out InodeAttributes attributes);
        bool leavesTrim = false;
        if (status == 0 && sizeBytes > attributes.SizeBytes)
        {
            status = trims.CheckNone(ref context.Reads, inode, buffer);
        }
        else if (status == 0)
        {
            status = FileForms.Of(attributes) switch
            {
                FileForm.Inline => CutInline(ref context, ref attributes, buffer),
                FileForm.Extents => CutExtents(ref context, ref attributes, buffer, out leavesTrim),
                _ => 0,
            };
        }
        if (status != 0)
        {
            return status;
        }
        attributes.SizeBytes = sizeBytes;
        status = Attributes.Apply(room, ref context, ref attributes, others);
        if (status != 0)
        {
            return status;
        }
        if ((others.Fields & (AttributeFields.Mtime | AttributeFields.MtimeNow)) == 0)
        {
            attributes.Mtime = context.Now;
        }
        InodeAccess.Put(ref context, attributes);
        result = new TruncateResult(attributes, leavesTrim);
        return 0;
    }

    private int CutInline(ref CommitContext context, ref InodeAttributes attributes, scoped Span<byte> buffer)
    {
        int status = InodeAccess.GetInline(ref context.Reads, inode, buffer, out int contentBytes);
        if (status != 0 || contentBytes <= sizeBytes)
        {
            return status;
        }
        if (sizeBytes == 0)
        {
            context.Delete(InodeAccess.InlineKey(inode));
        }
        else
        {
            context.Put(InodeAccess.InlineKey(inode), buffer[..(InodeAccess.BirthBytes + (int)sizeBytes)]);
        }
        attributes.AllocatedBytes = FileForms.InlineAllocatedBytes((int)sizeBytes);
        return 0;
    }

    private int CutExtents(ref CommitContext context, ref InodeAttributes attributes, scoped Span<byte> buffer, out bool leavesTrim)
    {
        ExtentPuncher puncher = new(inode, checksum);
        int status = puncher.Punch(ref context, sizeBytes, ExtentLookup.EndOffset, null, buffer, default);
        attributes.AllocatedBytes -= puncher.FreedBytes;
        leavesTrim = puncher.PunchedToBytes < ExtentLookup.EndOffset;
        if (status == 0 && leavesTrim)
        {
            context.Put(InodeAccess.TrimKey(inode), stackalloc byte[InodeAccess.BirthBytes]);
        }
        return status;
    }
}

/// <summary>One batch of a trim: removes extents beyond the size, and the trim record with the last of them. True: there is more.</summary>
internal readonly struct TrimBody(ulong inode, ChecksumKind checksum) : ICommitBody<bool>
{
    public bool MayUseReserve => true;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out bool hasMore)
    {
        hasMore = false;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = context.Get(InodeAccess.TrimKey(inode), buffer, out _);
        if (status != 0)
        {
            return status == -Errno.ENOENT ? 0 : status;
        }
        status = InodeAccess.GetRegular(ref context.Reads, inode, buffer, out InodeAttributes attributes);
        bool exists = status == 0;
        if (!exists && status != -Errno.ENOENT)
        {
            return status;
        }
        ExtentPuncher puncher = new(inode, checksum);
        status = puncher.Punch(ref context, ExtentRecord.RoundUp(attributes.SizeBytes), ExtentLookup.EndOffset, null, buffer, default);
        if (status != 0)
        {
            return status;
        }
        hasMore = puncher.PunchedToBytes < ExtentLookup.EndOffset;
        if (!hasMore)
        {
            context.Delete(InodeAccess.TrimKey(inode));
        }
        attributes.AllocatedBytes -= puncher.FreedBytes;
        if (exists)
        {
            InodeAccess.Put(ref context, attributes);
        }
        return 0;
    }
}

/// <summary>The next inode that has a trim record; 0: none.</summary>
internal readonly struct NextTrimBody(ulong afterInode) : IReadBody<ulong>
{
    [SkipLocalsInit]
    public int Run(ref ReadContext context, out ulong inode)
    {
        inode = 0;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = context.SeekAtLeast(InodeAccess.TrimKey(afterInode + 1), InodeAccess.TrimKey(Key.SubMask), out Key found, buffer, out _);
        if (status == 0)
        {
            inode = found.Sub;
        }
        return status == -Errno.ENOENT ? 0 : status;
    }
}
