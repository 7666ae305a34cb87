using Txlfs.Journal.Runtime;

namespace Txlfs.Lfs.Segments;

/// <summary>
/// Counts operations that hold data in the log which no record names yet. A segment that is dead at a checkpoint's cut may still be about to get
/// such a record; it is free only after all operations that were under way at the cut have ended (invariant S3). The usual two-counter
/// scheme: operations count themselves into the current epoch; a flip starts the next one and waits until the old one has drained.
/// </summary>
internal sealed class DataEpoch
{
    private readonly Lock _lock = new();
    private readonly WaiterPool _pool = new(2);
    private int _epoch;
    private readonly int[] _running = new int[2];
    private WaiterList _waiters;

    public int Enter()
    {
        lock (_lock)
        {
            _running[_epoch]++;
            return _epoch;
        }
    }

    public void Exit(int epoch)
    {
        WaiterList drained = default;
        lock (_lock)
        {
            if (--_running[epoch] == 0 && epoch != _epoch)
            {
                drained = _waiters.TakeAll();
            }
        }
        drained.Complete(0);
    }

    /// <summary>Starts a new epoch. The previous one must have drained (one checkpoint at a time sees to that).</summary>
    public void Flip()
    {
        lock (_lock)
        {
            _epoch ^= 1;
        }
    }

    /// <summary>Completes when no operation of the epoch before the last flip is running.</summary>
    public ValueTask<int> WaitForPreviousAsync()
    {
        lock (_lock)
        {
            if (_running[_epoch ^ 1] == 0)
            {
                return new ValueTask<int>(0);
            }
            Waiter waiter = _pool.Rent(0);
            ValueTask<int> task = waiter.Task;
            _waiters.Add(waiter);
            return task;
        }
    }
}
