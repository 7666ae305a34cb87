using System.Threading.Tasks.Sources;
using Txlfs.Journal.Runtime;

namespace Txlfs.Journal.Device.Simulated;

internal enum SimulatedIoKind
{
    Read,
    Write,
    Flush,
    Discard,
}

/// <summary>One operation in flight: an item of the scheduler, whose turn is its completion.</summary>
internal sealed class SimulatedIo(SimulatedBlockDevice device, SimulatedIoKind kind, long nth) : IWorkItem, IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _core;

    public SimulatedIoKind Kind { get; } = kind;

    /// <summary>Number among the operations of its kind, from 1.</summary>
    public long Nth { get; } = nth;

    public long OffsetBytes { get; init; }
    public long LengthBytes { get; init; }
    public NativeSlice Memory { get; init; }

    /// <summary>What a write carries, as it was when it was issued.</summary>
    public UnflushedWrite? Write { get; init; }

    /// <summary>Number among the flushes, for a flush or a durable write; 0 for others.</summary>
    public long NthFlush { get; init; }

    /// <summary>A flush covers the writes completed up to this one.</summary>
    public long CoversOrder { get; init; }

    public ValueTask<int> Task => new(this, _core.Version);

    public void Execute() => _core.SetResult(device.Complete(this));

    public int GetResult(short token) => _core.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
