namespace Txlfs.Lfs.Namespace;

/// <summary>
/// What a commit body holds in <see cref="OpenInodes"/> on behalf of its operation: one inode that it frees (a claim), or one that it
/// creates open. A body may run several times, and its commit may fail after it: so the holder is this object, taking twice is taking
/// once, and the operation settles it when the commit's outcome is known.
/// </summary>
internal sealed class InodeTicket(OpenInodes open)
{
    private ulong _claimed;
    private ulong _acquired;

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

    /// <summary>The inode that is being created counts as open from now.</summary>
    public void Acquire(ulong inode, bool asOrphan)
    {
        if (_acquired == inode)
        {
            return;
        }
        ReleaseAcquired();
        if (!open.TryAcquire(inode, out _, asOrphan))
        {
            throw new InvalidOperationException($"new inode {inode} is already claimed");
        }
        _acquired = inode;
    }

    /// <summary>The commit's outcome is known: claims are dropped (a freed inode can no longer be found), a creation that failed is forgotten.</summary>
    public void Settle(bool isCommitted)
    {
        DropClaim();
        if (!isCommitted)
        {
            ReleaseAcquired();
        }
        _acquired = 0;
    }

    private void DropClaim()
    {
        if (_claimed != 0)
        {
            open.DropClaim(_claimed);
            _claimed = 0;
        }
    }

    private void ReleaseAcquired()
    {
        if (_acquired != 0)
        {
            open.Release(_acquired);
            _acquired = 0;
        }
    }
}
