using Txlfs.Journal;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Engine;

namespace Txlfs.Lfs.Cleaner;

/// <summary>
/// Gives dead bytes back. Asleep -> Running (few segments are free, or somebody waits for room) -> rounds, each ended by a checkpoint -> Asleep.
/// It waits for checkpoints and for the device, never for a foreground operation; foreground operations may wait for it.
/// </summary>
internal sealed class SegmentCleaner : IWorkItem, IDisposable
{
    /// <summary>So many rounds that win no room in a row, and there is none to be won.</summary>
    private const int MaxFruitlessRounds = 24;

    private readonly VolumeEngine _engine;
    private readonly Seams _seams;
    private readonly ColdHead _cold;
    private readonly CleaningRound _round;
    private readonly Lock _lock = new();
    private readonly WaiterPool _pool = new(32);
    private WaiterList _forRoom;
    private WaiterList _forEnd;
    private bool _isRunning;
    private bool _isRequested;
    private int _pauses;
    private int _failure;
    private bool _wantsPass;

    /// <summary>What the volume was like when a search for room found none: while it is still like that nobody searches again.</summary>
    private (bool OfShared, ulong Csn, int FreeSegments) _exhausted = (false, ulong.MaxValue, 0);

    /// <summary>After a search that found nothing: asleep until the log has grown to here, unless somebody waits.</summary>
    private long _sleepUntilLogBytes;

    public SegmentCleaner(VolumeEngine engine, ColdHead cold, IVictimPolicy policy)
    {
        _engine = engine;
        _seams = engine.Seams;
        _cold = cold;
        _round = new CleaningRound(engine, cold, policy);
    }

    public CleanerCounters Counters => _round.Counters;
    public ColdHead Cold => _cold;
    public CleaningPace Pace { get; } = new();
    public Relocator Relocator => _round.Relocator;

    /// <summary>Few segments are free; called outside of locks, after a commit.</summary>
    public void Request()
    {
        if (_engine.Segments.ColdReserve == 0 || Volatile.Read(ref _isRequested) || _engine.Log.SealedBytes < Volatile.Read(ref _sleepUntilLogBytes))
        {
            return;
        }
        bool start;
        lock (_lock)
        {
            start = StartLocked();
        }
        if (start)
        {
            _seams.Executor.Queue(this);
        }
    }

    /// <summary>
    /// Completes with 0 when there is more room than there was, -ENOSPC when none can be made. <paramref name="ofShared"/>: by looking at the segments whose
    /// live bytes are counted more than once.
    /// </summary>
    public ValueTask<int> MakeRoomAsync(bool ofShared)
    {
        ValueTask<int> task;
        bool start;
        lock (_lock)
        {
            if (_failure != 0 || _pauses > 0 || _engine.Segments.ColdReserve == 0 || _exhausted == State(ofShared))
            {
                return new ValueTask<int>(-Errno.ENOSPC);
            }
            _wantsPass |= ofShared;
            Waiter waiter = _pool.Rent(0);
            task = waiter.Task;
            _forRoom.Add(waiter);
            start = StartLocked();
        }
        if (start)
        {
            _seams.Executor.Queue(this);
        }
        return task;
    }

    /// <summary>No cleaning until as many calls of <see cref="Resume"/>. Completes when none is under way.</summary>
    public ValueTask<int> PauseAsync()
    {
        lock (_lock)
        {
            _pauses++;
            if (!_isRunning)
            {
                return new ValueTask<int>(0);
            }
            Waiter waiter = _pool.Rent(0);
            _forEnd.Add(waiter);
            return waiter.Task;
        }
    }

    public void Resume()
    {
        lock (_lock)
        {
            _pauses--;
        }
    }

    private (bool OfShared, ulong Csn, int FreeSegments) State(bool ofShared) => (ofShared, _engine.Csn, _engine.Segments.FreeCount);

    private bool StartLocked()
    {
        if (_failure != 0 || _pauses > 0)
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

    public void Execute() => _ = RunAsync();

    private async Task RunAsync()
    {
        Pace.Step(_engine.SegmentsInHand);
        int fruitless = 0;
        bool wasUrgent = false;
        while (TryBegin(out bool isUrgent, out bool wantsPass))
        {
            long before = RoomBytes();
            int result = await GuardedAsync(isUrgent, wantsPass).ConfigureAwait(false);
            Pace.Step(_engine.SegmentsInHand);
            fruitless = RoomBytes() > before || isUrgent != wasUrgent ? 0 : fruitless + 1;
            wasUrgent = isUrgent;
            bool isExhausted = result != 0 || fruitless >= MaxFruitlessRounds;
            if (isExhausted)
            {
                Volatile.Write(ref _sleepUntilLogBytes, _engine.Log.SealedBytes + _engine.Segments.SegmentBytes);
            }
            Answer(isExhausted && isUrgent, result, wantsPass);
            if (!isExhausted && _engine.WantsMoreCleaning)
            {
                Volatile.Write(ref _isRequested, true);
            }
        }
    }

    /// <summary>False: there is nothing to do any more, and everybody was told so.</summary>
    private bool TryBegin(out bool isUrgent, out bool wantsPass)
    {
        WaiterList refused, ended;
        lock (_lock)
        {
            isUrgent = !_forRoom.IsEmpty;
            bool goesOn = (_isRequested || isUrgent) && _failure == 0 && _pauses == 0;
            _isRequested = false;
            wantsPass = _wantsPass;
            _wantsPass = false;
            if (goesOn)
            {
                return true;
            }
            _isRunning = false;
            refused = _forRoom.TakeAll();
            ended = _forEnd.TakeAll();
        }
        Pace.Sleep();
        refused.Complete(-Errno.ENOSPC);
        ended.Complete(0);
        return false;
    }

    /// <summary>Those who wait are answered when there is room, or when there will be none.</summary>
    private void Answer(bool isExhausted, int result, bool wantsPass)
    {
        bool hasRoom = _engine.HasRoomForSomebody;
        WaiterList answered = default;
        lock (_lock)
        {
            if (result is not 0 and not -Errno.ENOENT and not -Errno.ENOSPC)
            {
                _failure = -result;
            }
            if (isExhausted && !_forRoom.IsEmpty)
            {
                _exhausted = State(wantsPass);
            }
            if (hasRoom || isExhausted)
            {
                answered = _forRoom.TakeAll();
            }
        }
        answered.Complete(hasRoom ? 0 : -Errno.ENOSPC);
    }

    /// <summary>Bytes that new data may still go to without any cleaning: whole free segments, and what the cold head has before it.</summary>
    private long RoomBytes() => ((long)(_engine.Segments.FreeCount + _engine.Segments.ColdOwnedCount) * _engine.Segments.SegmentBytes) + _cold.RoomInSegmentBytes;

    private async ValueTask<int> GuardedAsync(bool isUrgent, bool wantsPass)
    {
        try
        {
            return await StepAsync(isUrgent, wantsPass).ConfigureAwait(false);
        }
        catch (Exception defect)
        {
            _seams.Log.Write(LogSeverity.Error, $"cleaning failed: {defect}");
            return -Errno.EIO;
        }
    }

    private async ValueTask<int> StepAsync(bool isUrgent, bool wantsPass)
    {
        if (_engine.Segments.CountReclaimable() == 0)
        {
            long coldBytes = _cold.RoomInSegmentBytes + ((long)_engine.Segments.ColdReadyCount * _engine.PayloadBytes);
            if (coldBytes >= Journal.Frames.FrameLimits.MaxDataBytes || _engine.Segments.ColdReadyCount > 0)
            {
                int moved = await _round.RunAsync(_engine.MinGainBytes(isUrgent), coldBytes, isUrgent, wantsPass, () => Pace.Step(_engine.SegmentsInHand)).ConfigureAwait(false);
                if (moved != 0)
                {
                    return moved;
                }
            }
        }

        // Frees what has died, and makes ready what the cold head has taken.
        int result = await _engine.Checkpointer.CheckpointAsync().ConfigureAwait(false);
        return result == 0 ? 0 : -Errno.EROFS;
    }

    public void Dispose()
    {
        _round.Dispose();
        _cold.Dispose();
    }
}
