namespace Txlfs.Journal.Device.Files;

/// <summary>
/// Which writes a flush has covered. Counts completed writes that were not made durable by themselves; a flush covers
/// those that were counted when it was issued. Invariant: covered &lt;= completed.
/// </summary>
internal sealed class IoLedger(int alignmentBytes, bool canWriteThrough)
{
    private long _completedWrites;
    private long _coveredWrites;

    public int AlignmentBytes { get; } = alignmentBytes;

    /// <summary>
    /// Whether a write-through write is worth while. On a block device it is one command, or one and its flush, without a
    /// further thread. In a file the kernel finishes it on a worker that is bound to one CPU, which under load waits for
    /// milliseconds there; a write and then a flush, whose worker may run anywhere, is faster.
    /// </summary>
    public bool CanWriteThrough { get; } = canWriteThrough;

    public long CompletedWrites => Volatile.Read(ref _completedWrites);

    public bool IsCovered(long completedWrites) => Volatile.Read(ref _coveredWrites) >= completedWrites;

    public void CountCompletedWrite() => Interlocked.Increment(ref _completedWrites);

    /// <summary>A flush that was issued after this many writes had completed has succeeded.</summary>
    public void Cover(long completedWrites)
    {
        long covered = Volatile.Read(ref _coveredWrites);
        while (covered < completedWrites)
        {
            long seen = Interlocked.CompareExchange(ref _coveredWrites, completedWrites, covered);
            if (seen == covered)
                return;
            covered = seen;
        }
    }
}
