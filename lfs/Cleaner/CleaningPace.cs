using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime;

namespace Txlfs.Lfs.Cleaner;

/// <summary>
/// Holds foreground data to what the cleaner wins while free segments are few: each cleaning step (a frame moved, a checkpoint written) lets some
/// bytes through, more while there is much in hand. So a writer waits for a step now and then, instead of for a whole round when nothing is left.
/// Nobody is held while the cleaner sleeps: then there is nothing to wait for.
/// </summary>
internal sealed class CleaningPace
{
    /// <summary>With so many segments in hand a step lets this much through; with fewer by the square of their share, down to an extent or so.</summary>
    private const int FullShare = 8;
    private const long FullCreditBytes = 4L * FrameLimits.MaxDataBytes;

    private readonly Lock _lock = new();
    private readonly WaiterPool _pool = new(64);
    private WaiterList _waiters;
    private bool _isRunning;
    private long _creditBytes;

    /// <summary>False: wait for a step.</summary>
    public bool TrySpend(int bytes)
    {
        if (!Volatile.Read(ref _isRunning))
        {
            return true;
        }
        lock (_lock)
        {
            if (_isRunning && _creditBytes <= 0)
            {
                return false;
            }
            _creditBytes -= bytes;
            return true;
        }
    }

    /// <summary>Completes with 0 after the next step, at once when the cleaner sleeps.</summary>
    public ValueTask<int> WaitAsync()
    {
        lock (_lock)
        {
            if (!_isRunning || _creditBytes > 0)
            {
                return new ValueTask<int>(0);
            }
            Waiter waiter = _pool.Rent(0);
            ValueTask<int> task = waiter.Task;
            _waiters.Add(waiter);
            return task;
        }
    }

    /// <summary>A step of the cleaner has ended: <paramref name="segmentsInHand"/> may be filled before users have to wait for room.</summary>
    public void Step(int segmentsInHand)
    {
        WaiterList freed;
        lock (_lock)
        {
            _isRunning = true;
            long share = Math.Clamp(segmentsInHand, 1, FullShare);
            _creditBytes = FullCreditBytes * share * share / (FullShare * FullShare);
            freed = _waiters.TakeAll();
        }
        freed.Complete(0);
    }

    public void Sleep()
    {
        WaiterList freed;
        lock (_lock)
        {
            _isRunning = false;
            freed = _waiters.TakeAll();
        }
        freed.Complete(0);
    }
}
