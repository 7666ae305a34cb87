using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Checkpoint;

/// <summary>
/// Writes checkpoints, one at a time, beside the foreground. Idle -> Cut -> Pages -> Table -> Durable log -> Flush -> Record -> Freed -> Idle; a failure
/// anywhere leaves the previous record in force and ends the volume's writes. Order is the whole point (invariant K1): the record is written only after
/// everything that it names is on stable storage.
/// </summary>
internal sealed class Checkpointer(VolumeEngine engine, IBlockDevice device, VolumeOptions options, Seams seams) : IWorkItem
{
    private readonly Lock _lock = new();
    private readonly WaiterPool _pool = new(32);
    private readonly IntervalTimer _timer = new();
    private WaiterList _forThis;
    private WaiterList _forNext;
    private WaiterList _forStop;
    private bool _isRunning;

    /// <summary>Within a run: a checkpoint is under way whose waiters have not been taken yet. (The loop may run on without one.)</summary>
    private bool _isWriting;
    private bool _isRequested;
    private bool _isTimerArmed;
    private bool _isStopped;
    private int _failure;
    private ulong _number;

    public SegmentTableStore Table { get; private set; } = null!;
    public ulong Number => Volatile.Read(ref _number);
    public ulong Generation { get; set; }
    public int Failure => Volatile.Read(ref _failure);

    public void Attach(SegmentTableStore table, ulong number, ulong generation)
    {
        Table = table;
        _number = number;
        Generation = generation;
    }

    /// <summary>A commit was made; called outside of locks.</summary>
    public void Committed(bool wantsCheckpoint)
    {
        if (wantsCheckpoint)
        {
            Request();
        }
        else if (!Volatile.Read(ref _isTimerArmed))
        {
            ArmTimer();
        }
    }

    /// <summary>Completes with 0 when a checkpoint that was begun after the call is durable.</summary>
    public ValueTask<int> CheckpointAsync() => WaitAsync(joinRunning: false);

    /// <summary>Completes with 0 when the running checkpoint, or else a new one, is durable.</summary>
    public ValueTask<int> WaitForEndAsync() => WaitAsync(joinRunning: true);

    private ValueTask<int> WaitAsync(bool joinRunning)
    {
        ValueTask<int> task;
        bool start = false;
        lock (_lock)
        {
            if (_failure != 0 || _isStopped)
            {
                return new ValueTask<int>(-Errno.EIO);
            }
            Waiter waiter = _pool.Rent(0);
            task = waiter.Task;
            if (joinRunning && _isWriting)
            {
                _forThis.Add(waiter);
            }
            else
            {
                _forNext.Add(waiter);
                start = RequestLocked();
            }
        }
        if (start)
        {
            seams.Executor.Queue(this);
        }
        return task;
    }

    private void Request()
    {
        bool start;
        lock (_lock)
        {
            start = RequestLocked();
        }
        if (start)
        {
            seams.Executor.Queue(this);
        }
    }

    private bool RequestLocked()
    {
        if (_failure != 0 || _isStopped)
        {
            return false;
        }
        _isRequested = true;
        if (_isRunning)
        {
            return false;
        }
        _isRunning = true;
        return true;
    }

    /// <summary>No more checkpoints: completes when none is under way any more. Used when the volume closes.</summary>
    public ValueTask<int> StopAsync()
    {
        lock (_lock)
        {
            _isStopped = true;
            if (!_isRunning)
            {
                return new ValueTask<int>(-_failure);
            }
            Waiter waiter = _pool.Rent(0);
            _forStop.Add(waiter);
            return waiter.Task;
        }
    }

    public void Execute() => _ = RunAsync();

    private async Task RunAsync()
    {
        while (true)
        {
            if (!TryBegin(out WaiterList stopped, out WaiterList refused))
            {
                refused.Complete(-Errno.EIO);
                stopped.Complete(-Failure);
                return;
            }
            int result = await GuardedAsync().ConfigureAwait(false);
            WaiterList done;
            lock (_lock)
            {
                if (result != 0)
                {
                    _failure = -result;
                }
                _isWriting = false;
                done = _forThis.TakeAll();
            }
            done.Complete(result);
            if (result != 0)
            {
                FailRest(result);
            }
        }
    }

    /// <summary>False: there is nothing to do, or no more may be done; then those who wait for that, and those who wait in vain, are given back.</summary>
    private bool TryBegin(out WaiterList stopped, out WaiterList refused)
    {
        stopped = default;
        refused = default;
        lock (_lock)
        {
            if (!_isRequested || _isStopped || _failure != 0)
            {
                _isRunning = false;
                stopped = _forStop.TakeAll();
                refused = _isStopped || _failure != 0 ? _forNext.TakeAll() : default;
                return false;
            }
            _isRequested = false;
            _isWriting = true;
            _forThis = _forNext.TakeAll();
            return true;
        }
    }

    private void FailRest(int result)
    {
        engine.StopWrites();
        WaiterList rest;
        lock (_lock)
        {
            rest = _forNext.TakeAll();
        }
        rest.Complete(result);
    }

    private async ValueTask<int> GuardedAsync()
    {
        try
        {
            int result = await WriteAsync(null, isClean: false).ConfigureAwait(false);
            if (result != 0)
            {
                seams.Log.Write(LogSeverity.Error, $"checkpoint failed with errno {-result}: the volume takes no more changes until it is mounted anew");
            }
            return result;
        }
        catch (Exception defect)
        {
            seams.Log.Write(LogSeverity.Error, $"checkpoint failed: {defect}");
            return -Errno.EIO;
        }
    }

    /// <summary>
    /// One checkpoint. <paramref name="position"/>: where the log goes on, given by recovery and the formatter, when there is no writer yet. 0 or -errno.
    /// Nobody else may be running one.
    /// </summary>
    public async ValueTask<int> WriteAsync(LogPosition? position, bool isClean)
    {
        ulong number = _number + 1;
        CheckpointCut cut = engine.Cut(number);
        engine.Log?.Kick();
        OpResult<IndexRoot> root = await engine.Tree.WriteCheckpointAsync(engine.IndexHead).ConfigureAwait(false);
        if (!root.IsOk)
        {
            return -root.Errno;
        }
        int result = -await Table.WriteAsync(cut.Segments, engine.IndexHead).ConfigureAwait(false);
        result = result != 0 ? result : await engine.IndexHead.FlushFramesAsync().ConfigureAwait(false);

        if (result == 0 && engine.Segments.Damage is string damage)
        {
            seams.Log.Write(LogSeverity.Error, $"{damage}: the volume needs fsck");
            return -Errno.EUCLEAN;
        }

        // What the index names must be durable before the record is: the data in frames up to the cut, and the pages just written.
        result = result != 0 || engine.Log is null ? result : await engine.Log.SyncAsync().ConfigureAwait(false);
        result = result != 0 ? result : await FlushDeviceAsync().ConfigureAwait(false);
        if (result != 0)
        {
            return result;
        }
        LogPosition log = position ?? new LogPosition(cut.LogSegmentBytes, cut.LogOffsetBytes, cut.NextSequence, engine.Log!.CutDigest.ToArray(), cut.SuccessorBytes);
        result = await WriteRecordAsync(number, cut, log, root.Value, isClean).ConfigureAwait(false);
        if (result != 0)
        {
            return result;
        }
        Volatile.Write(ref _number, number);
        engine.Tree.EndCheckpoint();
        engine.SetStoredPages(cut.Pages);
        await FreeAsync().ConfigureAwait(false);
        return 0;
    }

    private async ValueTask FreeAsync()
    {
        List<long> freed = engine.Segments.EndCheckpoint(Table.BlobAddresses());
        for (int i = 0; options.Discard && i < freed.Count; i++)
        {
            int result = await device.DiscardAsync(freed[i], engine.Segments.SegmentBytes).ConfigureAwait(false);
            if (result != 0)
            {
                if (result != -Errno.EOPNOTSUPP)
                {
                    seams.Log.Write(LogSeverity.Warning, $"discard at device address {freed[i]} failed with errno {-result}");
                }
                break;
            }
        }
        engine.Segments.Release(freed);
    }

    private async ValueTask<int> WriteRecordAsync(ulong number, CheckpointCut cut, LogPosition log, IndexRoot root, bool isClean)
    {
        NativeSlice scratch = engine.Scratch.Rent();
        try
        {
            NativeSlice block = scratch.Slice(0, CheckpointRecord.SizeBytes);
            new CheckpointRecord
            {
                ChecksumKind = engine.ChecksumKind,
                VolumeId = engine.Superblock.VolumeId,
                Number = number,
                Generation = Generation,
                Csn = cut.Csn,
                NextInode = cut.NextInode,
                InodeCount = cut.InodeCount,
                WallNs = seams.Clock.WallNs,
                IsClean = isClean,
                Log = log,
                IndexHead = engine.IndexHead.Position,
                SegmentTable = Table.Root,
                Index = root,
            }.Write(block.Span);
            int result = await device.WriteAsync(Superblock.RingSlotAddress(number), block, WriteFlags.Background).ConfigureAwait(false);
            return result != 0 ? result : await FlushDeviceAsync().ConfigureAwait(false);
        }
        finally
        {
            engine.Scratch.Return(scratch);
        }
    }

    /// <summary>Through the log where there is one, so that a failed flush can never be hidden by a later one.</summary>
    private ValueTask<int> FlushDeviceAsync() => engine.Log is null ? device.FlushAsync() : engine.Log.FlushDeviceAsync();

    private void ArmTimer()
    {
        lock (_lock)
        {
            if (_isTimerArmed || _isStopped)
            {
                return;
            }
            _isTimerArmed = true;
        }
        _timer.Owner = this;
        seams.Clock.Schedule(options.CheckpointIntervalMs, _timer);
    }

    private sealed class IntervalTimer : IWorkItem
    {
        public Checkpointer? Owner { get; set; }

        public void Execute()
        {
            Volatile.Write(ref Owner!._isTimerArmed, false);
            Owner.Request();
        }
    }
}
