using System.Text;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;

namespace Txlfs.Tests.Unit.Fakes;

/// <summary>Work is kept until the test pumps it: one thread, one order.</summary>
internal sealed class FakeExecutor : IExecutor
{
    private readonly Queue<IWorkItem> _items = new();

    public void Queue(IWorkItem item)
    {
        lock (_items)
        {
            _items.Enqueue(item);
        }
    }

    public bool RunOne()
    {
        IWorkItem? item;
        lock (_items)
        {
            if (!_items.TryDequeue(out item))
            {
                return false;
            }
        }
        item.Execute();
        return true;
    }
}

/// <summary>Time moves by one microsecond a reading, and by what the test adds.</summary>
internal sealed class FakeClock(FakeExecutor executor) : IClock
{
    private long _wallNs = 1_700_000_000_000_000_000;
    public long WallNs => Interlocked.Add(ref _wallNs, 1000);
    public long MonotonicNs => WallNs;
    public void Advance(long ns) => Interlocked.Add(ref _wallNs, ns);
    public void Schedule(int delayMs, IWorkItem item) => executor.Queue(item);
}

internal sealed class FakeRandom(ulong seed) : IRandomSource
{
    private ulong _state = seed;

    public ulong NextUInt64()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    public int Next(int below) => (int)(NextUInt64() % (ulong)below);

    public void Fill(Span<byte> destination)
    {
        foreach (ref byte b in destination)
        {
            b = (byte)NextUInt64();
        }
    }
}

internal sealed class FakeLog : ILogSink
{
    public List<string> Lines { get; } = [];

    public void Write(LogSeverity severity, string message)
    {
        lock (Lines)
        {
            Lines.Add($"{severity}: {message}");
        }
    }
}

/// <summary>
/// Pinned memory for names and buffers; lives as long as the test holds the object, and a while longer, because a call is often given nothing but the
/// slice: the latest ones are kept, small and large ones apart.
/// </summary>
internal sealed unsafe class Pinned
{
    private const int SmallBytes = 4096;
    private static readonly byte[]?[] s_small = new byte[4096][];
    private static readonly byte[]?[] s_large = new byte[64][];
    private static uint s_count;
    private readonly byte[] _bytes;

    public Pinned(int lengthBytes)
    {
        _bytes = GC.AllocateArray<byte>(lengthBytes, pinned: true);
        byte[]?[] kept = lengthBytes <= SmallBytes ? s_small : s_large;
        kept[Interlocked.Increment(ref s_count) % (uint)kept.Length] = _bytes;
    }

    public Pinned(ReadOnlySpan<byte> bytes) : this(bytes.Length) => bytes.CopyTo(_bytes);

    public Pinned(string text) : this(Encoding.UTF8.GetBytes(text)) { }

    public Span<byte> Span => _bytes;

    public NativeSlice Slice
    {
        get
        {
            fixed (byte* p = _bytes)
            {
                return new NativeSlice(p, _bytes.Length);
            }
        }
    }
}
