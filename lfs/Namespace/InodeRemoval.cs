using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Namespace;

/// <summary>What became of an inode that lost a name.</summary>
internal enum Removal
{
    /// <summary>It has other names (or none was lost).</summary>
    Kept,

    /// <summary>It is gone with all its records, in this commit.</summary>
    Removed,

    /// <summary>It is open, or too large for one commit, or somebody else's claim is still settling: an orphan, to be freed later.</summary>
    Orphaned,
}

internal readonly record struct RemovalOutcome(ulong Inode, Removal Removal);

/// <summary>The part of unlink, rmdir and rename that takes a name away from an inode.</summary>
internal sealed class InodeRemoval(NamespaceRoom room)
{
    /// <summary>An inode of no more records than this is freed by the commit that takes its last name.</summary>
    private const int MaxRecordsAtOnce = 64;

    public static Key OrphanKeyOf(ulong inode) => Key.Of(0, RecordKind.Orphan, inode);

    public static Key TrimKeyOf(ulong inode) => Key.Of(0, RecordKind.Trim, inode);

    /// <summary>
    /// Takes one name from the inode (a directory has only one). The caller has already removed the entry from the batch's view: the order
    /// within the batch is entry, inode, what hangs on it (invariant N3). Its claim is taken last, after all that may miss.
    /// </summary>
    public int DropName(ref CommitContext context, InodeAttributes attributes, InodeTicket ticket, out RemovalOutcome outcome)
    {
        outcome = new RemovalOutcome(attributes.Inode, Removal.Kept);
        attributes.Ctime = context.Now;
        attributes.Nlink = attributes.IsDirectory ? 0 : Math.Max(attributes.Nlink, 1) - 1;
        if (attributes.Nlink > 0)
        {
            InodeLookup.Put(ref context, attributes);
            return 0;
        }
        Span<Key> records = stackalloc Key[MaxRecordsAtOnce];
        int count = 0;
        bool isAll = false;
        if (!room.Open.IsOpen(attributes.Inode))
        {
            int status = Collect(ref context, attributes.Inode, records, out count, out isAll);
            if (status != 0)
            {
                return status;
            }
        }
        if (isAll && ticket.TryClaim(attributes.Inode) == ClaimOutcome.Claimed)
        {
            outcome = outcome with { Removal = Removal.Removed };
            context.Delete(InodeLookup.KeyOf(attributes.Inode));
            Delete(ref context, records[..count]);
            return 0;
        }
        outcome = outcome with { Removal = Removal.Orphaned };
        InodeLookup.Put(ref context, attributes);
        PutOrphan(ref context, attributes.Inode);
        return 0;
    }

    [SkipLocalsInit]
    public static void PutOrphan(ref CommitContext context, ulong inode)
    {
        Span<byte> value = stackalloc byte[OrphanRecord.SizeBytes];
        OrphanRecord.Write(value);
        context.Put(OrphanKeyOf(inode), value);
    }

    /// <summary>
    /// The keys of records that hang on the inode, as many as there is room for. All: its trim record is among them, and
    /// only the inode record itself and its orphan record are left.
    /// </summary>
    [SkipLocalsInit]
    public static int Collect(ref CommitContext context, ulong inode, scoped Span<Key> records, out int count, out bool isAll)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        isAll = false;
        Key from = Key.Of(inode, RecordKind.Inline, 0);
        var last = new Key(inode, ulong.MaxValue - 1);
        count = 0;
        int status = context.Get(TrimKeyOf(inode), buffer, out _);
        Key found = TrimKeyOf(inode);
        if (status == -Errno.ENOENT)
        {
            status = context.SeekAtLeast(from, last, out found, buffer, out _);
        }
        for (; status == 0 && count < records.Length; status = context.SeekAtLeast(from, last, out found, buffer, out _))
        {
            records[count++] = found;
            from = found.Inode == inode ? new Key(inode, found.Tail + 1) : from;
        }
        isAll = status == -Errno.ENOENT;
        return isAll ? 0 : status;
    }

    public static void Delete(ref CommitContext context, scoped ReadOnlySpan<Key> records)
    {
        foreach (Key key in records)
        {
            context.Delete(key);
        }
    }
}
