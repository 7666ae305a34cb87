using System.Numerics;
using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Namespace;

/// <summary>Where an attribute's chunks are, or would be put.</summary>
internal readonly record struct XattrPlace(ulong FirstSub, ulong Birth, int TotalBytes, bool Exists, bool HasRoom);

/// <summary>Finds extended attributes by name: the slots of the name's hash are scanned and names compared.</summary>
internal sealed class XattrLookup(ILogSink log, NameHasher hasher)
{
    public static Key KeyOf(ulong inode, ulong sub) => Key.Of(inode, RecordKind.Xattr, sub);

    /// <summary>Where the first attribute of an inode without colliding ones goes.</summary>
    public ulong FirstSubOf(ReadOnlySpan<byte> name) => XattrRecord.FirstSubOf(hasher.Hash(name));

    /// <summary>
    /// 0 whether or not there is such an attribute, -ESTALE when the records do not fit together, or <see cref="Op.Miss"/>. The buffer holds the
    /// first chunk's record when it exists.
    /// </summary>
    public int Find(ref ReadContext context, ulong inode, scoped ReadOnlySpan<byte> name, scoped Span<byte> buffer, out XattrPlace place)
    {
        ulong hash = hasher.Hash(name);
        ulong first = XattrRecord.FirstSubOf(hash);
        ulong last = XattrRecord.LastSubOf(hash);
        uint free = (1u << XattrRecord.Slots) - 1;
        place = default;
        for (ulong sub = first; sub <= last;)
        {
            int status = context.SeekAtLeast(KeyOf(inode, sub), KeyOf(inode, last), out Key found, buffer, out int lengthBytes);
            if (status == -Errno.ENOENT)
            {
                break;
            }
            if (status != 0)
            {
                return status;
            }
            if (XattrRecord.ChunkOf(found.Sub) != 0 || !XattrRecord.TryReadFirst(buffer[..lengthBytes], out ulong birth, out int totalBytes, out ReadOnlySpan<byte> foundName, out _))
            {
                return -Errno.ESTALE;
            }
            if (foundName.SequenceEqual(name))
            {
                place = new XattrPlace(found.Sub, birth, totalBytes, true, true);
                return 0;
            }
            free &= ~(1u << XattrRecord.SlotOf(found.Sub));
            sub = XattrRecord.LastChunkSub(found.Sub) + 1;
        }
        place = new XattrPlace(first + ((ulong)BitOperations.TrailingZeroCount(free) << XattrRecord.ChunkBits), 0, 0, false, free != 0);
        return 0;
    }

    /// <summary>The next attribute's first chunk at or behind the sub: its sub, and its name in the buffer (at <see cref="XattrRecord.NameAt"/>). -ENOENT behind the last one; -ESTALE as above.</summary>
    public static int Next(ref ReadContext context, ulong inode, ulong fromSub, scoped Span<byte> buffer, out ulong sub, out int nameLengthBytes)
    {
        nameLengthBytes = 0;
        int status = context.SeekAtLeast(KeyOf(inode, fromSub), KeyOf(inode, Key.SubMask), out Key found, buffer, out int lengthBytes);
        sub = found.Sub;
        if (status != 0)
        {
            return status;
        }
        bool isSound = XattrRecord.TryReadFirst(buffer[..lengthBytes], out _, out _, out ReadOnlySpan<byte> name, out _);
        nameLengthBytes = name.Length;
        return isSound && XattrRecord.ChunkOf(sub) == 0 ? 0 : -Errno.ESTALE;
    }

    /// <summary>In a commit nothing moves: what does not fit together is damage.</summary>
    public int FindSettled(ref CommitContext context, ulong inode, scoped ReadOnlySpan<byte> name, scoped Span<byte> buffer, out XattrPlace place)
    {
        int status = Find(ref context.Reads, inode, name, buffer, out place);
        return status == -Errno.ESTALE ? Damaged(inode) : status;
    }

    public int Damaged(ulong inode)
    {
        log.Write(LogSeverity.Error, $"inode {inode}: records of its extended attributes are missing or damaged");
        return -Errno.EIO;
    }

    [SkipLocalsInit]
    public int DeleteIfPresent(ref CommitContext context, ulong inode, scoped ReadOnlySpan<byte> name)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = FindSettled(ref context, inode, name, buffer, out XattrPlace place);
        if (status == 0 && place.Exists)
        {
            Delete(ref context, inode, place, 0);
        }
        return status;
    }

    /// <summary>Removes the attribute's chunks from this one on.</summary>
    public static void Delete(ref CommitContext context, ulong inode, in XattrPlace place, int fromChunk)
    {
        for (int chunk = fromChunk; chunk < XattrRecord.ChunkCount(place.TotalBytes); chunk++)
        {
            context.Delete(KeyOf(inode, place.FirstSub + (ulong)chunk));
        }
    }
}
