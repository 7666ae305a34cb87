namespace Txlfs.Journal.Runtime;

/// <summary>Lets one in at a time, in the order of arrival, without blocking a thread. Whoever leaves runs the next one's continuation.</summary>
public sealed class AsyncGate
{
    private readonly Lock _lock = new();
    private readonly WaiterPool _pool = new(keep: 16);
    private WaiterList _waiting;
    private ulong _lastTicket;
    private bool _isHeld;

    public ValueTask<int> EnterAsync()
    {
        lock (_lock)
        {
            if (!_isHeld)
            {
                _isHeld = true;
                return ValueTask.FromResult(0);
            }
            Waiter waiter = _pool.Rent(++_lastTicket);
            _waiting.Add(waiter);
            return waiter.Task;
        }
    }

    public void Leave()
    {
        WaiterList next = default;
        lock (_lock)
        {
            if (_waiting.IsEmpty)
                _isHeld = false;
            else
                next = _waiting.TakeUpTo(_waiting.MinTarget());
        }
        next.Complete(0);
    }
}
