using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Codec;

namespace Txlfs.Lfs.Data;

/// <summary>
/// One batch of a hole: [from, to), to at a block border. Returns how far it came. <paramref name="maxSizeBytes"/>: the caller rounded
/// the end up because the file ended before it; if the file has grown past that since, nothing is done (conflict).
/// </summary>
internal readonly struct PunchBody(ulong inode, long fromBytes, long toBytes, long maxSizeBytes, ChecksumKind checksum) : ICommitBody<long>
{
    public bool MayUseReserve => true;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out long reachedBytes)
    {
        reachedBytes = toBytes;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = InodeAccess.GetRegular(ref context.Reads, inode, buffer, out InodeAttributes attributes);
        if (status == 0 && attributes.SizeBytes > maxSizeBytes)
        {
            status = -DataErrno.Conflict;
        }
        if (status != 0)
        {
            return status;
        }
        switch (FileForms.Of(attributes))
        {
            case FileForm.Inline:
                status = ClearInline(ref context, ref attributes, buffer);
                break;
            case FileForm.Extents:
                ExtentPuncher puncher = new(inode, checksum);
                status = puncher.Punch(ref context, fromBytes, toBytes, null, buffer, default);
                attributes.AllocatedBytes -= puncher.FreedBytes;
                reachedBytes = puncher.PunchedToBytes;
                break;
        }
        if (status != 0)
        {
            return status;
        }
        attributes.Mtime = context.Now;
        attributes.Ctime = context.Now;
        InodeAccess.Put(ref context, attributes);
        return 0;
    }

    private int ClearInline(ref CommitContext context, ref InodeAttributes attributes, scoped Span<byte> buffer)
    {
        int status = InodeAccess.GetInline(ref context.Reads, inode, buffer, out int contentBytes);
        if (status != 0 || fromBytes >= contentBytes)
        {
            return status;
        }
        // The hole ends at a block border, so it takes the whole rest of the inline content.
        int keptBytes = (int)fromBytes;
        if (keptBytes == 0)
        {
            context.Delete(InodeAccess.InlineKey(inode));
        }
        else
        {
            context.Put(InodeAccess.InlineKey(inode), buffer[..(InodeAccess.BirthBytes + keptBytes)]);
        }
        attributes.AllocatedBytes = FileForms.InlineAllocatedBytes(keptBytes);
        return 0;
    }
}
