using System.Diagnostics.CodeAnalysis;

namespace Txlfs.Lfs.Namespace;

/// <summary>Keeps up to a fixed number of objects for reuse, so that operations allocate nothing in the steady state.</summary>
internal sealed class ObjectPool<T>(Func<T> create, int keptObjects) where T : class
{
    private readonly T?[] _kept = new T?[keptObjects];
    private readonly Lock _lock = new();
    private int _count;

    public T Rent() => TryTake(out T? kept) ? kept : create();

    public void Return(T item)
    {
        lock (_lock)
        {
            if (_count < _kept.Length)
            {
                _kept[_count++] = item;
            }
        }
    }

    private bool TryTake([NotNullWhen(true)] out T? kept)
    {
        lock (_lock)
        {
            kept = _count > 0 ? _kept[--_count] : null;
            return kept is not null;
        }
    }
}
