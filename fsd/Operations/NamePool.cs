using System.Runtime.InteropServices;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

/// <summary>A name in memory of its own, for as long as its request lasts.</summary>
internal sealed unsafe class NameCopy : IPooledState
{
    private readonly NamePool _pool;
    private readonly byte* _memory = (byte*)NativeMemory.Alloc(Limits.MaxNameBytes);

    public NameCopy(NamePool pool) => _pool = pool;

    ~NameCopy() => NativeMemory.Free(_memory);

    public NativeSlice Name { get; private set; }

    public void Set(NativeSlice name)
    {
        name.Span.CopyTo(new Span<byte>(_memory, Limits.MaxNameBytes));
        Name = new NativeSlice(_memory, name.LengthBytes);
    }

    public void Return() => _pool.Return(this);
}

internal sealed class NamePool
{
    private const int KeptLimit = 64;
    private readonly Stack<NameCopy> _kept = new(KeptLimit);
    private readonly Lock _lock = new();

    public NameCopy Rent(NativeSlice name)
    {
        NameCopy? copy;
        lock (_lock)
        {
            _kept.TryPop(out copy);
        }
        copy ??= new NameCopy(this);
        copy.Set(name);
        return copy;
    }

    public void Return(NameCopy copy)
    {
        lock (_lock)
        {
            if (_kept.Count < KeptLimit)
            {
                _kept.Push(copy);
            }
        }
    }
}
