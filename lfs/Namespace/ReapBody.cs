using Txlfs.Journal;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Namespace;

internal enum ReapOutcome
{
    /// <summary>Freed, or nothing to free.</summary>
    Done,

    /// <summary>Some records are gone; the next commit goes on.</summary>
    Unfinished,

    /// <summary>It is open: its last release will have it looked at again.</summary>
    Open,

    /// <summary>Another operation's claim is about to be settled.</summary>
    Busy,
}

/// <summary>
/// Frees an inode without a name, a batch of records at a time; the last batch takes the inode and the orphan record (invariant N6). The
/// ticket's claim is kept from the first batch to the last.
/// </summary>
internal readonly struct ReapBody(NamespaceRoom room, ulong inode, InodeTicket ticket) : ICommitBody<ReapOutcome>
{
    private const int BatchRecords = 256;

    public bool MayUseReserve => true;

    public int Run(ref CommitContext context, out ReapOutcome result)
    {
        result = ReapOutcome.Done;
        int status = room.Inodes.Read(ref context.Reads, inode, out InodeAttributes attributes);
        if (status is not (0 or -Errno.ENOENT))
        {
            return status;
        }
        if (status == 0 && attributes.Nlink > 0)
        {
            // Linked again. Only a damaged volume has an orphan record of such an inode.
            context.Delete(InodeRemoval.OrphanKeyOf(inode));
            return 0;
        }
        Span<Key> records = stackalloc Key[BatchRecords];
        status = InodeRemoval.Collect(ref context, inode, records, out int count, out bool isAll);
        if (status != 0)
        {
            return status;
        }
        ClaimOutcome claim = ticket.TryClaim(inode);
        if (claim != ClaimOutcome.Claimed)
        {
            result = claim == ClaimOutcome.Open ? ReapOutcome.Open : ReapOutcome.Busy;
            return 0;
        }
        if (isAll)
        {
            context.Delete(InodeLookup.KeyOf(inode));
        }
        InodeRemoval.Delete(ref context, records[..count]);
        if (isAll)
        {
            context.Delete(InodeRemoval.OrphanKeyOf(inode));
        }
        result = isAll ? ReapOutcome.Done : ReapOutcome.Unfinished;
        return 0;
    }
}
