namespace Txlfs.Journal.Runtime;

/// <summary>
/// The kernel's clocks, and one framework timer under a heap of deadlines: scheduling allocates nothing once the heap
/// has grown to the number of callers.
/// </summary>
public sealed class SystemClock : IClock, IDisposable
{
    private const long NsPerMs = 1_000_000;

    private readonly IExecutor _executor;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<IWorkItem, long> _waiting = new();
    private readonly Timer _timer;

    /// <summary>When the framework timer will ring; <see cref="long.MaxValue"/> when it is off. Under the lock.</summary>
    private long _ringNs = long.MaxValue;

    public SystemClock(IExecutor executor)
    {
        _executor = executor;
        _timer = new Timer(static clock => ((SystemClock)clock!).Ring(), this, Timeout.Infinite, Timeout.Infinite);
    }

    public long WallNs => ClockInterop.ReadNs(ClockInterop.Realtime);

    public long MonotonicNs => ClockInterop.ReadNs(ClockInterop.Monotonic);

    public void Schedule(int delayMs, IWorkItem item)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(delayMs);
        if (delayMs == 0)
        {
            _executor.Queue(item);
            return;
        }
        long dueNs = MonotonicNs + delayMs * NsPerMs;
        lock (_lock)
        {
            _waiting.Enqueue(item, dueNs);
            if (dueNs < _ringNs)
                SetRing(dueNs);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Ring()
    {
        lock (_lock)
        {
            long nowNs = MonotonicNs;
            _ringNs = long.MaxValue;
            while (_waiting.TryPeek(out IWorkItem? item, out long dueNs))
            {
                if (dueNs > nowNs)
                {
                    SetRing(dueNs);
                    return;
                }
                _waiting.Dequeue();
                _executor.Queue(item);
            }
        }
    }

    /// <summary>Rounds up, so that the timer does not ring just before the deadline. The lock is held.</summary>
    private void SetRing(long dueNs)
    {
        _ringNs = dueNs;
        long delayMs = Math.Max(1, (dueNs - MonotonicNs + NsPerMs - 1) / NsPerMs);
        _timer.Change(delayMs, Timeout.Infinite);
    }
}
