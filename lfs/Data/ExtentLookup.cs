using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Data;

/// <summary>A sound extent record, its value in the caller's buffer.</summary>
internal readonly record struct FoundExtent(long StartBytes, Extent Extent, int RecordLengthBytes)
{
    /// <summary>Behind the last visible byte.</summary>
    public long EndBytes => StartBytes + Extent.VisibleLengthBytes;

    /// <summary>Behind the last block that the extent occupies.</summary>
    public long BlockEndBytes => ExtentRecord.RoundUp(EndBytes);
}

/// <summary>Finds a file's extents by offset. 0, -ENOENT, -EIO, <see cref="DataErrno.Damaged"/> negated, or <see cref="Op.Miss"/>.</summary>
internal static class ExtentLookup
{
    /// <summary>Behind every possible extent.</summary>
    public const long EndOffset = 1L << Key.KindShift;

    public static Key KeyOf(ulong inode, long offsetBytes) => Key.Of(inode, RecordKind.Extent, (ulong)offsetBytes);

    /// <summary>The extent with the greatest start &lt;= the offset (it may end before the offset).</summary>
    public static int AtMost(ref ReadContext context, ulong inode, long offsetBytes, ChecksumKind checksum, scoped Span<byte> buffer, out FoundExtent found)
    {
        int status = context.SeekAtMost(KeyOf(inode, offsetBytes), KeyOf(inode, 0), out Key key, buffer, out int lengthBytes);
        return Take(status, key, buffer, lengthBytes, checksum, out found);
    }

    /// <summary>The extent with the smallest start in [from, last].</summary>
    public static int AtLeast(ref ReadContext context, ulong inode, long fromBytes, long lastBytes, ChecksumKind checksum, scoped Span<byte> buffer, out FoundExtent found)
    {
        found = default;
        if (fromBytes > lastBytes)
        {
            return -Errno.ENOENT;
        }
        int status = context.SeekAtLeast(KeyOf(inode, fromBytes), KeyOf(inode, lastBytes), out Key key, buffer, out int lengthBytes);
        return Take(status, key, buffer, lengthBytes, checksum, out found);
    }

    /// <summary>The first extent that occupies blocks at or behind the offset and starts before the end.</summary>
    public static int Covering(ref ReadContext context, ulong inode, long fromBytes, long endBytes, ChecksumKind checksum, scoped Span<byte> buffer, out FoundExtent found)
    {
        int status = AtMost(ref context, inode, fromBytes, checksum, buffer, out found);
        if (status == 0 && found.BlockEndBytes > fromBytes)
        {
            return 0;
        }
        return status is 0 or -Errno.ENOENT ? AtLeast(ref context, inode, fromBytes + 1, endBytes - 1, checksum, buffer, out found) : status;
    }

    private static int Take(int status, Key key, ReadOnlySpan<byte> buffer, int lengthBytes, ChecksumKind checksum, out FoundExtent found)
    {
        found = default;
        if (status != 0)
        {
            return status;
        }
        if (key.Sub % Limits.BlockBytes != 0 || !ExtentRecord.TryParse(buffer[..lengthBytes], checksum, out Extent extent))
        {
            return -DataErrno.Damaged;
        }
        found = new FoundExtent((long)key.Sub, extent, lengthBytes);
        return 0;
    }
}
