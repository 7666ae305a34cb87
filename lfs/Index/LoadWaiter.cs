using System.Threading.Tasks.Sources;

namespace Txlfs.Lfs.Index;

/// <summary>One task waiting for a load (its own page's, or any when it waits for a frame). Reused; kept in lists under the cache's mutex.</summary>
internal sealed class LoadWaiter(LoadWaiterPool pool) : IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _core;

    public LoadWaiter? Next { get; set; }

    public ValueTask<int> Task => new(this, _core.Version);

    public void Complete(int result) => _core.SetResult(result);

    public int GetResult(short token)
    {
        int result = _core.GetResult(token);
        _core.Reset();
        pool.Return(this);
        return result;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _core.OnCompleted(continuation, state, token, flags);
}

/// <summary>Keeps a bounded number of waiters for reuse.</summary>
internal sealed class LoadWaiterPool
{
    private const int MaxKept = 256;
    private readonly Lock _lock = new();
    private LoadWaiter? _first;
    private int _count;

    public LoadWaiter Rent()
    {
        lock (_lock)
        {
            LoadWaiter? waiter = _first;
            if (waiter is null)
            {
                return new LoadWaiter(this);
            }
            _first = waiter.Next;
            _count--;
            waiter.Next = null;
            return waiter;
        }
    }

    public void Return(LoadWaiter waiter)
    {
        lock (_lock)
        {
            if (_count < MaxKept)
            {
                waiter.Next = _first;
                _first = waiter;
                _count++;
            }
        }
    }
}
