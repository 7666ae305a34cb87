namespace Txlfs.Lfs.Namespace;

/// <summary>
/// What a commit body holds in <see cref="OpenInodes"/> on behalf of its operation: one inode that it frees (a claim), or one that it
/// creates open. A body may run several times, and its commit may fail after it: so the holder is this object, taking twice is taking
/// once, and the operation settles it when the commit's outcome is known.
/// </summary>
internal sealed class InodeTicket(OpenInodes open)
{
    private readonly List<ulong> _acquired = [];
    private ulong _claimed;

    /// <summary>Nobody can open the inode from now until the ticket is settled.</summary>
    public ClaimOutcome TryClaim(ulong inode)
    {
        if (_claimed == inode)
        {
            return ClaimOutcome.Claimed;
        }
        DropClaim();
        ClaimOutcome outcome = open.TryClaim(inode, this);
        _claimed = outcome == ClaimOutcome.Claimed ? inode : 0;
        return outcome;
    }

    /// <summary>
    /// The inode that is being created counts as open from now. A further attempt may create another one, because an operation that came between
    /// has taken the number: what was acquired before is kept until the ticket is settled.
    /// </summary>
    public void Acquire(ulong inode, bool asOrphan)
    {
        if (!_acquired.Remove(inode) && !open.TryAcquire(inode, out _, asOrphan))
        {
            throw new InvalidOperationException($"new inode {inode} is already claimed");
        }
        _acquired.Add(inode);
    }

    /// <summary>
    /// The commit's outcome is known: claims are dropped (a freed inode can no longer be found), and the opens of attempts that came to nothing.
    /// Where such an open was the last of an inode that somebody else has unlinked meanwhile, the inode is freed.
    /// </summary>
    public void Settle(bool isCommitted, Orphans orphans)
    {
        DropClaim();
        int given = isCommitted ? 1 : 0;
        for (int i = 0; i < _acquired.Count - given; i++)
        {
            if (open.Release(_acquired[i]))
            {
                orphans.Enqueue(_acquired[i]);
            }
        }
        _acquired.Clear();
    }

    private void DropClaim()
    {
        if (_claimed != 0)
        {
            open.DropClaim(_claimed);
            _claimed = 0;
        }
    }
}
