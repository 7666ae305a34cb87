using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Data;

/// <summary>Inode and inline records as the data path needs them.</summary>
internal static class InodeAccess
{
    public const int BirthBytes = sizeof(ulong);

    public static Key InlineKey(ulong inode) => Key.Of(inode, RecordKind.Inline, 0);

    public static Key TrimKey(ulong inode) => Key.Of(0, RecordKind.Trim, inode);

    /// <summary>The attributes of a regular file.</summary>
    public static int GetRegular(ref ReadContext context, ulong inode, scoped Span<byte> buffer, out InodeAttributes attributes)
    {
        attributes = default;
        int status = context.Get(Key.Of(inode, RecordKind.Inode, 0), buffer, out int lengthBytes);
        if (status != 0)
        {
            return status;
        }
        if (!InodeRecord.TryRead(buffer[..lengthBytes], inode, out attributes))
        {
            return -DataErrno.Damaged;
        }
        return attributes.IsRegular ? 0 : attributes.IsDirectory ? -Errno.EISDIR : -Errno.EINVAL;
    }

    [SkipLocalsInit]
    public static void Put(ref CommitContext context, in InodeAttributes attributes)
    {
        Span<byte> value = stackalloc byte[InodeRecord.SizeBytes];
        InodeRecord.Write(value, attributes);
        context.Put(Key.Of(attributes.Inode, RecordKind.Inode, 0), value);
    }

    /// <summary>The inline record of an inline file; a file of that form without a sound one is damaged.</summary>
    public static int GetInline(ref ReadContext context, ulong inode, scoped Span<byte> buffer, out int contentBytes)
    {
        int status = context.Get(InlineKey(inode), buffer, out int lengthBytes);
        contentBytes = lengthBytes - BirthBytes;
        if (status == -Errno.ENOENT || (status == 0 && contentBytes is < 1 or > Limits.MaxInlineFileBytes))
        {
            return -DataErrno.Damaged;
        }
        return status;
    }
}
