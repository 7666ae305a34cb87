using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs;
using Txlfs.Lfs.Index;

namespace Txlfs.Tests.Unit.Fakes;

/// <summary>
/// The engine's contract over an ordered map and plain memory. Bodies run under one lock; data lands in <see cref="Device"/> at once.
/// The knobs make it miss, run full, turn read-only, fail, and answer later (then pump with <see cref="Run{T}(ValueTask{T})"/>).
/// </summary>
internal sealed unsafe class FakeEngine : IEngine, IDisposable
{
    public const int DeviceBytes = 256 * 1024 * 1024;
    private const long FirstDataAddressBytes = 1 << 20;

    private readonly Lock _writerLock = new();
    private readonly MutationBatch _batch = new();
    private readonly FakeExecutor _executor = new();
    private long _nextAddressBytes = FirstDataAddressBytes;
    private ulong _csn;
    private ulong _nextInode = Limits.FirstFreeInode;

    /// <summary>Only touched pages of it cost memory.</summary>
    private readonly byte* _device = (byte*)NativeMemory.AlignedAlloc(DeviceBytes, Limits.BlockBytes);

    public FakeEngine(ulong seed = 1)
    {
        Clock = new FakeClock(_executor);
        Seams = new Seams(_executor, Clock, new FakeRandom(seed), Log);
        NameHashSeed = seed;
        SynchronizationContext.SetSynchronizationContext(null); // the runner's would take continuations to other threads
    }

    public FakeIndex Index { get; } = new();
    public FakeClock Clock { get; }
    public FakeLog Log { get; } = new();
    public Seams Seams { get; }
    public CodecKind DataCodec { get; set; } = CodecKind.None;
    public ChecksumKind ChecksumKind { get; set; } = ChecksumKind.Crc32c;
    public ulong NameHashSeed { get; }
    public ScratchPool Scratch { get; } = new(1 << 20, 4);
    public NativeSlice Device => new(_device, DeviceBytes);
    public ulong Csn => _csn;

    /// <summary>Digests of completed reservations by address, as the frame's extent table would have them.</summary>
    public Dictionary<long, byte[]> Digests { get; } = [];
    public List<CommitKind> Commits { get; } = [];
    public int OpenReservations { get; private set; }
    public int HeldReservations { get; private set; }

    /// <summary>Read bodies run under the writer lock here, so this only moves when a test plays an engine that applies beside them.</summary>
    public long ApplyVersion => OnApplyVersion?.Invoke() ?? 0;
    public Func<long>? OnApplyVersion { get; set; }

    public bool IsFull { get; set; }
    public bool IsReadOnly { get; set; }
    public bool AnswersLater { get; set; }
    public int FailReadsErrno { get; set; }

    /// <summary>Fails the next commit after its body has run: what a failing log does.</summary>
    public int FailNextCommitErrno { get; set; }

    /// <summary>Called after a commit's body and before its mutations are applied: a place for races.</summary>
    public Action? BeforeApply { get; set; }

    /// <summary>Called before a commit's body runs.</summary>
    public Action? BeforeCommit { get; set; }

    /// <summary>Called once after a commit's body, which then runs anew: what waiting for room in the log does.</summary>
    public Action? Stall { get; set; }

    /// <summary>Called between the look-ups of a read body that missed and its next run.</summary>
    public Action? AfterReadMiss { get; set; }

    public ValueTask<OpResult<TResult>> ReadAsync<TBody, TResult>(TBody body) where TBody : struct, IReadBody<TResult>
    {
        while (true)
        {
            int status;
            TResult result;
            lock (_writerLock)
            {
                var context = new ReadContext(Index);
                TBody attempt = body;
                status = attempt.Run(ref context, out result);
            }
            if (status != Op.Miss)
            {
                return Answer(status == 0 ? result : OpResult<TResult>.Fail(-status));
            }
            AfterReadMiss?.Invoke();
        }
    }

    public ValueTask<OpResult<TResult>> CommitAsync<TBody, TResult>(TBody body, Caller caller, CommitKind kind) where TBody : struct, ICommitBody<TResult>
    {
        if (IsReadOnly || (IsFull && !body.MayUseReserve))
        {
            return Answer(OpResult<TResult>.Fail(IsReadOnly ? Errno.EROFS : Errno.ENOSPC));
        }
        lock (_writerLock)
        {
            BeforeCommit?.Invoke();
            TResult result;
            int status;
            CommitContext context;
            do
            {
                _batch.Clear();
                context = new CommitContext(Index, _batch, _csn + 1, Timestamp.FromNs(Clock.WallNs), _nextInode);
                TBody attempt = body;
                status = attempt.Run(ref context, out result);
            }
            while (status == Op.Miss || HasStalled());
            if (status == 0 && FailNextCommitErrno != 0)
            {
                status = -FailNextCommitErrno;
                FailNextCommitErrno = 0;
            }
            if (status != 0)
            {
                return Answer(OpResult<TResult>.Fail(-status));
            }
            BeforeApply?.Invoke();
            _nextInode = context.NextInode;
            Apply();
            Commits.Add(kind);
            return Answer<TResult>(result);
        }
    }

    private bool HasStalled()
    {
        Action? stall = Stall;
        Stall = null;
        stall?.Invoke();
        return stall is not null;
    }

    private void Apply()
    {
        _csn++;
        foreach (ref readonly Mutation mutation in _batch.Mutations)
        {
            if (mutation.IsDelete)
            {
                Index.Delete(mutation.Key);
            }
            else
            {
                Index.Put(mutation.Key, _batch.Value(mutation));
            }
        }
    }

    public ValueTask<OpResult<DataReservation>> ReserveDataAsync(int storedLengthBytes, bool isAligned, ExtentTag tag)
    {
        int alignment = isAligned ? Limits.BlockBytes : 8;
        long address = (_nextAddressBytes + alignment - 1) / alignment * alignment;
        if (IsReadOnly || IsFull || address + storedLengthBytes > DeviceBytes)
        {
            return Answer(OpResult<DataReservation>.Fail(IsReadOnly ? Errno.EROFS : Errno.ENOSPC));
        }
        _nextAddressBytes = address + storedLengthBytes;
        OpenReservations++;
        HeldReservations++;
        return Answer<DataReservation>(new DataReservation(address, Device.Slice((int)address, storedLengthBytes), this, 0));
    }

    public void CompleteData(in DataReservation reservation, ReadOnlySpan<byte> digest)
    {
        OpenReservations--;
        Digests[reservation.AddressBytes] = digest.ToArray();
    }

    public void ReleaseData(long addressBytes) => HeldReservations--;

    public ValueTask<int> ReadStoredAsync(long addressBytes, NativeSlice destination)
    {
        if (addressBytes < 0 || addressBytes > DeviceBytes - destination.LengthBytes)
        {
            return AnswerStatus(-Errno.EIO);
        }
        if (FailReadsErrno == 0)
        {
            Device.Slice((int)addressBytes, destination.LengthBytes).Span.CopyTo(destination.Span);
        }
        return AnswerStatus(-FailReadsErrno);
    }

    public void QueueBackground(Func<ValueTask> work) => _executor.Queue(new BackgroundItem(work));

    /// <summary>Runs queued work until the task is done; its result.</summary>
    public T Run<T>(ValueTask<T> task)
    {
        Task<T> running = task.AsTask();
        while (!running.IsCompleted && _executor.RunOne())
        {
        }
        Xunit.Assert.True(running.IsCompleted, "nothing left to run, but the operation has not completed");
        return running.GetAwaiter().GetResult();
    }

    public bool RunOne() => _executor.RunOne();

    /// <summary>Runs all queued work, background work included.</summary>
    public void RunAll()
    {
        while (_executor.RunOne())
        {
        }
    }

    public void Dispose()
    {
        Scratch.Dispose();
        NativeMemory.AlignedFree(_device);
    }

    private ValueTask<OpResult<T>> Answer<T>(OpResult<T> result)
        => AnswersLater ? new ValueTask<OpResult<T>>(new LaterAnswer<OpResult<T>>(_executor, result), 0) : new ValueTask<OpResult<T>>(result);

    private ValueTask<int> AnswerStatus(int status)
        => AnswersLater ? new ValueTask<int>(new LaterAnswer<int>(_executor, status), 0) : new ValueTask<int>(status);

    private sealed class LaterAnswer<T> : IValueTaskSource<T>, IWorkItem
    {
        private readonly T _result;
        private ManualResetValueTaskSourceCore<T> _core;

        public LaterAnswer(FakeExecutor executor, T result)
        {
            _result = result;
            executor.Queue(this);
        }

        public void Execute() => _core.SetResult(_result);
        public T GetResult(short token) => _core.GetResult(token);
        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);
        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
            => _core.OnCompleted(continuation, state, token, ValueTaskSourceOnCompletedFlags.None);
    }

    private sealed class BackgroundItem(Func<ValueTask> work) : IWorkItem
    {
        public void Execute()
        {
            ValueTask running = work();
            if (running.IsCompleted)
            {
                running.GetAwaiter().GetResult();
                return;
            }
            running.AsTask().ContinueWith(static t => t.GetAwaiter().GetResult(), TaskContinuationOptions.ExecuteSynchronously);
        }
    }
}
