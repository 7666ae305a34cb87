using System.Runtime.InteropServices;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Interop;
using Txlfs.Journal;

namespace Txlfs.Fsd.Fuse.Uring;

/// <summary>
/// One thread with one ring that serves the kernel queue of its core (and those of cores that are not there yet). It alone touches the ring;
/// answers from other threads reach it through the inbox.
/// </summary>
internal sealed unsafe class UringWorker : IDisposable
{
    private const ulong WakeUserData = ulong.MaxValue;
    private const int ErrnoConnectionAborted = 103;

    /// <summary>An entry that has been idle for <see cref="TrimAfterMs"/> keeps this much of its memory.</summary>
    private const int KeepIdleBytes = 64 << 10, TrimAfterMs = 1000;

    private readonly int _fuseFd;
    private readonly FuseInitFlags _negotiated;
    private readonly RequestDispatcher _dispatcher;
    private readonly Action<string> _warn;
    private readonly UringInbox _inbox = new();
    private readonly UringRequest[] _entries;
    private readonly byte* _shared;
    private IoUring? _ring;
    private UringLane? _lane;
    private int _threadId;
    private int _aliveEntries, _wakers;

    public UringWorker(UringWorkerPlan plan, int fuseFd, FuseInitFlags negotiated, RequestDispatcher dispatcher, Action<string> warn)
    {
        Plan = plan;
        _fuseFd = fuseFd;
        _negotiated = negotiated;
        _dispatcher = dispatcher;
        _warn = warn;
        int count = plan.Queues.Sum(queue => queue.Depth);
        int stride = (sizeof(FuseUringHeader) + 2 * sizeof(IoVector) + 63) / 64 * 64;
        _shared = (byte*)NativeMemory.AlignedAlloc((nuint)(count * stride), 64);
        NativeMemory.Clear(_shared, (nuint)(count * stride));
        _entries = new UringRequest[count];
        int made = 0;
        foreach (UringQueuePlan queue in plan.Queues)
        {
            for (int i = 0; i < queue.Depth; i++, made++)
            {
                byte* at = _shared + made * stride;
                _entries[made] = new UringRequest(this, made, queue.QueueId, (FuseUringHeader*)at, (IoVector*)(at + sizeof(FuseUringHeader)), plan.PayloadBytes);
            }
        }
    }

    public UringWorkerPlan Plan { get; }

    public bool TryInterrupt(ulong unique)
    {
        foreach (UringRequest entry in _entries)
        {
            if (entry.TryInterrupt(unique))
                return true;
        }
        return false;
    }

    /// <summary>On the worker's own thread: makes the ring and offers all entries. 0, or the errno of the first refusal.</summary>
    public int Register()
    {
        _threadId = Environment.CurrentManagedThreadId;
        if (!CpuTopology.PinThread(Plan.Cpu))
            _warn($"The thread for core {Plan.Cpu} cannot be tied to it.");
        _ring = IoUring.TryCreate((uint)_entries.Length + UringLane.Capacity + 1, out int errno);
        if (_ring is null)
            return errno;
        _lane = new UringLane(_ring);
        for (int i = 0; i < _entries.Length; i++)
        {
            _entries[i].IsWithKernel = true;
            ref IoUringSqe sqe = ref PrepareCommand(FuseUringCommand.Register, i);
            sqe.Address = (ulong)_entries[i].Vectors;
            sqe.Length = 2;
        }
        errno = _ring.Submit();
        if (errno != 0)
            return errno;
        _aliveEntries = _entries.Length;

        // A refusal is there at once; an entry that was taken stays silent until it has a request, which must not be lost.
        return _ring.PeekResult() is < 0 and int refused ? -refused : 0;
    }

    /// <summary>
    /// Serves until the kernel has given every entry back. A ring that fails by itself is a fault nobody can mend: the exception ends the process,
    /// and the users of the mount get ENOTCONN instead of hanging.
    /// </summary>
    public void Run()
    {
        IoUring ring = _ring!;
        UringLane lane = _lane!;
        lane.Enter();
        while (_aliveEntries > 0 || !lane.IsIdle)
        {
            CommitInbox();
            while (ring.TryTakeCompletion(out IoUringCqe completion))
                TakeIn(completion);
            int errno = ring.Submit();
            if (errno != 0)
                throw new InvalidOperationException($"io_uring_enter failed (errno {errno}).");
            if (ring.HasCompletion || !_inbox.IsEmpty || (_aliveEntries == 0 && lane.IsIdle))
                continue;
            Wait(ring);
        }
        lane.Leave();

        // The last answer may have been taken in before the thread that gave it was done with the ring.
        SpinWait.SpinUntil(() => Volatile.Read(ref _wakers) == 0);
    }

    /// <summary>From any thread: the reply is in the entry, the kernel is to have it.</summary>
    public void Answer(UringRequest request)
    {
        if (Environment.CurrentManagedThreadId == _threadId)
        {
            Commit(request);
            return;
        }
        Interlocked.Increment(ref _wakers);
        int errno = _inbox.Push(request) ? _ring!.Wake(WakeUserData) : 0;
        Interlocked.Decrement(ref _wakers);
        if (errno != 0)
            _warn($"Waking the thread of core {Plan.Cpu} failed (errno {errno}).");
    }

    /// <summary>Takes back what was offered; on the worker's own thread.</summary>
    public void CloseRing()
    {
        _ring?.Dispose();
        _lane?.Dispose();
        _ring = null;
        _lane = null;
    }

    public void Dispose()
    {
        CloseRing();
        foreach (UringRequest entry in _entries)
            entry.Dispose();
        NativeMemory.AlignedFree(_shared);
    }

    private void TakeIn(in IoUringCqe completion)
    {
        if (completion.UserData == WakeUserData)
            return;
        if (UringLane.Owns(completion.UserData))
        {
            _lane!.Complete(completion.UserData, completion.Result);
            return;
        }
        UringRequest entry = _entries[completion.UserData];
        entry.IsWithKernel = false;
        if (completion.Result == 0)
        {
            _dispatcher.Dispatch(entry, entry.Accept(_negotiated));
            return;
        }
        _aliveEntries--;
        if (-completion.Result is not (Errno.ENOTCONN or Errno.ECANCELED or ErrnoConnectionAborted))
            _warn($"An entry of queue {entry.QueueId} was lost (errno {-completion.Result}).");
    }

    private void CommitInbox()
    {
        for (UringRequest? request = _inbox.TakeAll(); request is not null;)
        {
            UringRequest? next = request.Next;
            request.Next = null;
            Commit(request);
            request = next;
        }
    }

    private void Commit(UringRequest request)
    {
        request.IsWithKernel = true;
        ref IoUringSqe sqe = ref PrepareCommand(FuseUringCommand.CommitAndFetch, request.Index);
        sqe.Command.CommitId = request.CommitId;
    }

    private ref IoUringSqe PrepareCommand(FuseUringCommand command, int index)
    {
        ref IoUringSqe sqe = ref _ring!.NextSqe();
        sqe.Opcode = IoUringSqe.OpUringCmd;
        sqe.Fd = _fuseFd;
        sqe.Offset = (ulong)command;
        sqe.UserData = (ulong)index;
        sqe.Command.QueueId = _entries[index].QueueId;
        return ref sqe;
    }

    private void Wait(IoUring ring)
    {
        int timeoutMs = HasWarmEntries() ? TrimAfterMs : 0;
        if (!_inbox.TryBeginWait())
            return;
        int errno = ring.Wait(timeoutMs);
        _inbox.EndWait();
        if (errno == Errno.ETIMEDOUT && !ring.HasCompletion)
            TrimIdleEntries();
        else if (errno is not (0 or Errno.ETIMEDOUT or Errno.EINTR or Errno.EAGAIN or Errno.EBUSY))
            throw new InvalidOperationException($"Waiting on the io_uring failed (errno {errno}).");
    }

    private bool HasWarmEntries()
    {
        foreach (UringRequest entry in _entries)
        {
            if (entry.TouchedBytes > KeepIdleBytes)
                return true;
        }
        return false;
    }

    /// <summary>Safe only here: the kernel writes a request into an entry in this thread, inside enter(), and none is waiting to be taken in.</summary>
    private void TrimIdleEntries()
    {
        foreach (UringRequest entry in _entries)
        {
            if (entry.IsWithKernel && entry.TouchedBytes > KeepIdleBytes)
                entry.ForgetTouched(KeepIdleBytes);
        }
    }
}

/// <summary>What one worker serves.</summary>
internal sealed record UringWorkerPlan(int Cpu, IReadOnlyList<UringQueuePlan> Queues, int PayloadBytes);

internal readonly record struct UringQueuePlan(ushort QueueId, int Depth);
