using Txlfs.Journal.Runtime;

namespace Txlfs.Lfs.Engine;

/// <summary>
/// Background work (orphan reaping and the like), one piece after the other on the executor. What is queued here is also recorded on the volume
/// (an orphan or trim record), so the bound may be kept by dropping the newest: the next mount does what was dropped.
/// </summary>
internal sealed class BackgroundQueue(Seams seams) : IWorkItem
{
    public const int MaxQueued = 65_536;
    private readonly Lock _lock = new();
    private readonly Queue<Func<ValueTask>> _queue = new();
    private readonly WaiterPool _pool = new(4);
    private WaiterList _drained;
    private bool _isRunning;

    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _isRunning;
            }
        }
    }

    public void Queue(Func<ValueTask> work)
    {
        lock (_lock)
        {
            if (_queue.Count == MaxQueued)
            {
                seams.Log.Write(LogSeverity.Warning, "too much background work is queued: the next mount finishes the rest");
                return;
            }
            _queue.Enqueue(work);
            if (_isRunning)
            {
                return;
            }
            _isRunning = true;
        }
        seams.Executor.Queue(this);
    }

    public void Execute() => _ = RunAsync();

    public ValueTask<int> DrainAsync()
    {
        lock (_lock)
        {
            if (!_isRunning)
            {
                return new ValueTask<int>(0);
            }
            Waiter waiter = _pool.Rent(0);
            ValueTask<int> task = waiter.Task;
            _drained.Add(waiter);
            return task;
        }
    }

    private async Task RunAsync()
    {
        while (true)
        {
            Func<ValueTask>? work;
            WaiterList drained = default;
            lock (_lock)
            {
                if (!_queue.TryDequeue(out work))
                {
                    _isRunning = false;
                    drained = _drained.TakeAll();
                }
            }
            if (work is null)
            {
                drained.Complete(0);
                return;
            }
            try
            {
                await work().ConfigureAwait(false);
            }
            catch (Exception defect)
            {
                // Work reports its own I/O errors; an exception is a defect. It must not end the queue, and must not go unseen.
                seams.Log.Write(LogSeverity.Error, $"background work failed: {defect}");
            }
        }
    }
}
