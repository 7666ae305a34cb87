namespace Txlfs.Journal.Device.Files;

/// <summary>
/// One io_uring. Whoever issues an operation also submits it, so nothing is between the caller and the kernel; one
/// thread waits for completions and runs the continuations.
/// </summary>
internal sealed class UringEngine : IIoEngine
{
    private const ulong StopTag = ulong.MaxValue;

    private readonly int _file;
    private readonly UringMemory _memory;
    private readonly IoRequest?[] _inKernel;
    private readonly int[] _freeSlots;
    private readonly Lock _lock = new();
    private readonly Thread _reaper;

    // Under the lock, like the submission side of the queue. One slot per submission entry, and one entry kept for the stop signal.
    private int _freeCount;
    private IoQueue _waiting;
    private bool _isStopping;

    private UringEngine(int file, UringMemory memory)
    {
        _file = file;
        _memory = memory;
        _freeCount = memory.Capacity - 1;
        _inKernel = new IoRequest?[_freeCount];
        _freeSlots = Enumerable.Range(0, _freeCount).ToArray();
        _reaper = new Thread(Reap) { IsBackground = true, Name = "txlfs-uring" };
        _reaper.Start();
    }

    public string Name => "io_uring";

    /// <summary>Null, with the reason, where io_uring cannot be used.</summary>
    public static UringEngine? TryCreate(int file, int entries, out string reason)
    {
        UringMemory? memory = UringMemory.TryCreate(entries, out reason);
        return memory is null ? null : new UringEngine(file, memory);
    }

    public void Submit(IoRequest request)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isStopping, this);
            if (_freeCount == 0)
            {
                _waiting.Add(request);
                return;
            }
            int slot = _freeSlots[--_freeCount];
            request.Slot = slot;
            _inKernel[slot] = request;
            PublishStep(request);
        }
        _memory.SubmitOne();
    }

    /// <summary>What the request's current step is in the language of a ring.</summary>
    public unsafe RingCommand CommandOf(IoRequest request) => request.Step switch
    {
        IoStep.Flush => new RingCommand(UringInterop.OpFsync, _file, 0, 0, 0, UringInterop.FsyncDataOnly),
        IoStep.Read => new RingCommand(UringInterop.OpRead, _file, (nuint)request.StepMemory, request.StepBytes, request.StepOffsetBytes, 0),
        _ => new RingCommand(UringInterop.OpWrite, _file, (nuint)request.StepMemory, request.StepBytes, request.StepOffsetBytes,
            request.Step == IoStep.WriteThrough ? UringInterop.WriteThrough : 0),
    };

    /// <summary>Returns when everything in flight is done; on the reaper's own thread the rest is done when its continuation has returned.</summary>
    public unsafe void Dispose()
    {
        lock (_lock)
        {
            if (_isStopping)
                return;
            _isStopping = true;
            UringInterop.SubmissionEntry* entry = _memory.NextEntry();
            entry->Opcode = UringInterop.OpNop;
            entry->UserData = StopTag;
            _memory.Publish();
        }
        _memory.SubmitOne();
        if (Thread.CurrentThread != _reaper)
            _reaper.Join();
    }

    private void Reap()
    {
        bool isStopped = false;
        while (!isStopped || !IsIdle())
        {
            IoRequest? done = ReapAll(ref isStopped);
            if (done is not null)
                done.Complete();
            else if (!isStopped || !IsIdle())
                _memory.WaitForCompletion();
        }
        _memory.Dispose();
    }

    /// <summary>
    /// Takes all completions that are there. The last one is returned, for this thread to run; those before it go to the
    /// thread pool, so that none waits for another's continuation.
    /// </summary>
    private IoRequest? ReapAll(ref bool isStopped)
    {
        IoRequest? last = null;
        while (_memory.TryTake(out UringInterop.CompletionEntry completion))
        {
            if (completion.UserData == StopTag)
            {
                isStopped = true;
                continue;
            }
            IoRequest request = _inKernel[(int)completion.UserData]!;
            if (!request.Advance(completion.Result))
            {
                Resubmit(request);
                continue;
            }
            ReuseSlot(request.Slot);
            if (last is not null)
                ThreadPool.UnsafeQueueUserWorkItem(last, preferLocal: false);
            last = request;
        }
        return last;
    }

    private void Resubmit(IoRequest request)
    {
        lock (_lock)
            PublishStep(request);
        _memory.SubmitOne();
    }

    /// <summary>Gives the slot to the request that waits longest, or back.</summary>
    private void ReuseSlot(int slot)
    {
        lock (_lock)
        {
            IoRequest? next = _waiting.Take();
            _inKernel[slot] = next;
            if (next is null)
            {
                _freeSlots[_freeCount++] = slot;
                return;
            }
            next.Slot = slot;
            PublishStep(next);
        }
        _memory.SubmitOne();
    }

    private bool IsIdle()
    {
        lock (_lock)
            return _freeCount == _freeSlots.Length;
    }

    /// <summary>Puts the request's current step into the submission queue. The lock is held.</summary>
    private unsafe void PublishStep(IoRequest request)
    {
        RingCommand command = CommandOf(request);
        UringInterop.SubmissionEntry* entry = _memory.NextEntry();
        entry->File = command.File;
        entry->UserData = (ulong)request.Slot;
        entry->Opcode = command.Opcode;
        entry->OperationFlags = command.OperationFlags;
        entry->Memory = (byte*)command.Memory;
        entry->LengthBytes = command.LengthBytes;
        entry->OffsetBytes = command.OffsetBytes;
        _memory.Publish();
    }
}
