namespace Txlfs.Lfs.Data;

/// <summary>Operation states kept for reuse, so that an operation allocates nothing. Beyond the kept ones they are left to the collector.</summary>
internal sealed class StatePool<T>(int keptStates) where T : class, new()
{
    private readonly T?[] _kept = new T?[keptStates];
    private readonly Lock _lock = new();
    private int _count;

    public T Rent()
    {
        lock (_lock)
        {
            if (_count > 0)
            {
                T state = _kept[--_count]!;
                _kept[_count] = null;
                return state;
            }
        }
        return new T();
    }

    public void Return(T state)
    {
        lock (_lock)
        {
            if (_count < _kept.Length)
            {
                _kept[_count++] = state;
            }
        }
    }
}
