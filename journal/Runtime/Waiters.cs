using System.Threading.Tasks.Sources;

namespace Txlfs.Journal.Runtime;

/// <summary>
/// One pooled, awaitable completion. Continuations run inline on the completing thread, so a completion must be signalled outside of locks.
/// </summary>
public sealed class Waiter : IValueTaskSource<int>
{
    private readonly WaiterPool _pool;
    private ManualResetValueTaskSourceCore<int> _core;

    internal Waiter(WaiterPool pool) => _pool = pool;

    internal Waiter? Next { get; set; }

    /// <summary>What is waited for: a sequence number, by the pool's owner's rule.</summary>
    public ulong Target { get; internal set; }
    public ValueTask<int> Task => new(this, _core.Version);

    public void Complete(int result) => _core.SetResult(result);

    int IValueTaskSource<int>.GetResult(short token)
    {
        int result = _core.GetResult(token);
        _core.Reset();
        _pool.Return(this);
        return result;
    }

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _core.OnCompleted(continuation, state, token, flags);
}

/// <summary>Waiters for reuse; keeps at most <paramref name="keep"/>, so an idle volume holds no more.</summary>
public sealed class WaiterPool(int keep = 256)
{
    private readonly Lock _lock = new();
    private Waiter? _free;
    private int _count;

    public Waiter Rent(ulong target)
    {
        Waiter? waiter;
        lock (_lock)
        {
            waiter = _free;
            if (waiter is not null)
            {
                _free = waiter.Next;
                _count--;
            }
        }
        waiter ??= new Waiter(this);
        waiter.Next = null;
        waiter.Target = target;
        return waiter;
    }

    internal void Return(Waiter waiter)
    {
        lock (_lock)
        {
            if (_count < keep)
            {
                waiter.Next = _free;
                _free = waiter;
                _count++;
            }
        }
    }
}

/// <summary>An intrusive list of waiters in arrival order. Not thread-safe: its owner's lock guards it; completion happens after that lock is left.</summary>
public struct WaiterList
{
    private Waiter? _head;
    private Waiter? _tail;

    public readonly bool IsEmpty => _head is null;

    public int Count { readonly get; private set; }

    public void Add(Waiter waiter)
    {
        waiter.Next = null;
        if (_tail is null)
        {
            _head = waiter;
        }
        else
        {
            _tail.Next = waiter;
        }
        _tail = waiter;
        Count++;
    }

    public WaiterList TakeAll()
    {
        WaiterList all = this;
        this = default;
        return all;
    }

    /// <summary>Takes out those whose target is at most <paramref name="reached"/>.</summary>
    public WaiterList TakeUpTo(ulong reached)
    {
        WaiterList taken = default;
        WaiterList kept = default;
        for (Waiter? waiter = _head; waiter is not null;)
        {
            Waiter? next = waiter.Next;
            if (waiter.Target <= reached)
            {
                taken.Add(waiter);
            }
            else
            {
                kept.Add(waiter);
            }
            waiter = next;
        }
        this = kept;
        return taken;
    }

    public readonly ulong MinTarget()
    {
        ulong min = ulong.MaxValue;
        for (Waiter? waiter = _head; waiter is not null; waiter = waiter.Next)
        {
            min = Math.Min(min, waiter.Target);
        }
        return min;
    }

    public void Complete(int result)
    {
        for (Waiter? waiter = _head; waiter is not null;)
        {
            Waiter? next = waiter.Next;
            waiter.Complete(result);
            waiter = next;
        }
        this = default;
    }
}
