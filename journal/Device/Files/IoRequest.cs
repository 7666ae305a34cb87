using System.Threading.Tasks.Sources;

namespace Txlfs.Journal.Device.Files;

internal enum IoStep : byte
{
    Read,
    Write,
    WriteThrough,
    Flush,
    Discard,
}

/// <summary>
/// One operation, from the call to its continuation; pooled. It is a small state machine that both engines drive: they
/// perform the current step and report its result to <see cref="Advance"/>, until that says that the operation is done.
/// </summary>
internal sealed unsafe class IoRequest(IoRequestPool pool) : IValueTaskSource<int>, IThreadPoolWorkItem, ILaneCompletion
{
    /// <summary>A kernel that says "again" this often in a row is broken.</summary>
    private const int MaxRetries = 1000;

    private ManualResetValueTaskSourceCore<int> _core;
    private IoLedger _ledger = null!;
    private NativeSlice _memory;
    private long _offsetBytes;
    private long _lengthBytes;
    private int _doneBytes;
    private int _retries;
    private long _covers;
    private bool _isFlushedAfterwards;
    private bool _isWrite;
    private int _result;
    private IoLane? _lane;
    private UringEngine? _engine;

    /// <summary>What the engine has to do now.</summary>
    public IoStep Step { get; private set; }

    public byte* StepMemory => _memory.Pointer + _doneBytes;
    public int StepBytes => _memory.LengthBytes - _doneBytes;
    public long StepOffsetBytes => _offsetBytes + _doneBytes;

    /// <summary>Length of a discard, which has no memory.</summary>
    public long RangeBytes => _lengthBytes;

    /// <summary>Next in the queue of an engine; a request is in one queue at a time.</summary>
    public IoRequest? Next { get; set; }

    /// <summary>Where the ring keeps it while the kernel has it.</summary>
    public int Slot { get; set; }

    public ValueTask<int> Task => new(this, _core.Version);

    public void BeginRead(IoLedger ledger, long offsetBytes, NativeSlice destination) => Begin(ledger, IoStep.Read, offsetBytes, destination);

    public void BeginWrite(IoLedger ledger, long offsetBytes, NativeSlice source, bool isDurable)
    {
        Begin(ledger, IoStep.Write, offsetBytes, source);
        _isWrite = true;
        if (!isDurable)
            return;
        // Write-through covers this write alone. It is enough when every write before it is durable already; otherwise
        // the cache has to be flushed after it.
        _covers = ledger.CompletedWrites;
        _isFlushedAfterwards = !ledger.CanWriteThrough || !ledger.IsCovered(_covers);
        if (!_isFlushedAfterwards)
            Step = IoStep.WriteThrough;
    }

    public void BeginFlush(IoLedger ledger)
    {
        Begin(ledger, IoStep.Flush, 0, default);
        _covers = ledger.CompletedWrites;
    }

    public void BeginDiscard(IoLedger ledger, long offsetBytes, long lengthBytes)
    {
        Begin(ledger, IoStep.Discard, offsetBytes, default);
        _lengthBytes = lengthBytes;
    }

    /// <summary>Takes the result of the current step (a count, 0, or a negated errno). True: the operation is done; false: perform the step it is at now.</summary>
    public bool Advance(int stepResult)
    {
        // ECANCELED: the thread that submitted it has ended, and the kernel gave up what it had not begun.
        if (stepResult is -Errno.EINTR or -Errno.EAGAIN or -Errno.ECANCELED && ++_retries <= MaxRetries)
            return false;
        if (stepResult < 0)
            return Finish(stepResult);
        switch (Step)
        {
            case IoStep.Flush:
                _ledger.Cover(_covers);
                return Finish(0);
            case IoStep.Discard:
                return Finish(0);
            default:
                return AdvanceTransfer(stepResult);
        }
    }

    private bool AdvanceTransfer(int transferredBytes)
    {
        _retries = 0;
        _doneBytes += transferredBytes;
        // A partial transfer goes on where it stopped; none at all, or one that ends off the device's blocks, cannot.
        if (StepBytes > 0)
            return (transferredBytes == 0 || _doneBytes % _ledger.AlignmentBytes != 0) && Finish(-Errno.EIO);
        if (!_isFlushedAfterwards)
            return Finish(0);
        Step = IoStep.Flush;
        return false;
    }

    /// <summary>Begins on the running thread's own ring; false when that is full.</summary>
    public bool TryStart(IoLane lane, UringEngine engine)
    {
        _lane = lane;
        _engine = engine;
        return lane.TryPost(engine.CommandOf(this), this);
    }

    void ILaneCompletion.OnCompleted(int result)
    {
        if (Advance(result))
            Complete();
        else if (!_lane!.TryPost(_engine!.CommandOf(this), this))
            _engine.Submit(this);
    }

    /// <summary>Runs the continuation on this thread.</summary>
    public void Complete() => _core.SetResult(_result);

    void IThreadPoolWorkItem.Execute() => Complete();

    public int GetResult(short token)
    {
        int result = _core.GetResult(token);
        _core.Reset();
        pool.Return(this);
        return result;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Begin(IoLedger ledger, IoStep step, long offsetBytes, NativeSlice memory)
    {
        _ledger = ledger;
        Step = step;
        _memory = memory;
        _offsetBytes = offsetBytes;
        _lengthBytes = 0;
        _doneBytes = 0;
        _retries = 0;
        _covers = 0;
        _isFlushedAfterwards = false;
        _isWrite = false;
    }

    private bool Finish(int result)
    {
        _result = result;
        // Before the caller can learn of it, so that a flush it then issues covers this write. One that failed counts
        // too: some of it may be in the cache.
        bool isDurable = result == 0 && (Step == IoStep.WriteThrough || _isFlushedAfterwards);
        if (_isWrite && !isDurable)
            _ledger.CountCompletedWrite();
        return true;
    }
}
