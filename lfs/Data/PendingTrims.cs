using Txlfs.Journal;

namespace Txlfs.Lfs.Data;

/// <summary>
/// How many truncations have left-overs beyond the new size. Raised before such a truncation commits and lowered after its last batch,
/// so that while it is 0 no trim record exists, and operations that extend a file need not look for one.
/// </summary>
internal sealed class PendingTrims
{
    private int _count;

    public void Raise() => Interlocked.Increment(ref _count);

    public void Lower() => Interlocked.Decrement(ref _count);

    /// <summary>0, or <see cref="DataErrno.TrimFirst"/> negated when the inode has a trim to be finished first.</summary>
    public int CheckNone(ref ReadContext context, ulong inode, scoped Span<byte> buffer)
    {
        if (Volatile.Read(ref _count) == 0)
        {
            return 0;
        }
        int status = context.Get(InodeAccess.TrimKey(inode), buffer, out _);
        return status switch { 0 => -DataErrno.TrimFirst, -Errno.ENOENT => 0, _ => status };
    }
}
