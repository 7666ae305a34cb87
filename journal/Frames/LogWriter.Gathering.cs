using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;

namespace Txlfs.Journal.Frames;

// Group commit waits for those who were just answered: they are likely to sync again at once. Without this they find the next group sealed with those who came
// meanwhile, and two half groups take turns; with it all callers fall into one group. It is the answer of PostgreSQL's commit_siblings and jbd2's batch time.
// A lone caller never waits, and a group that does not come back costs one sync's duration, once.
public sealed partial class LogWriter
{
    /// <summary>Longest wait for a group, however slow the device is.</summary>
    private const long MaxGatherNs = 5_000_000;

    /// <summary>Shortest wait that the clock's timers can tell; a thread with a ring of its own has finer ones.</summary>
    private const long MinTimerNs = 2_000_000;

    private readonly GatheringTimer _gatheringTimer;
    private int _expectedSyncs;
    private bool _isGathering;
    private long _gatherUntilNs;
    private long _groupBegunNs;

    /// <summary>Moving average of the time from a group's seal to its end.</summary>
    private long _groupNs;

    /// <summary>Whether to seal the open frame for those who wait now.</summary>
    private bool IsGroupThere() => !_isGathering || _syncWaiters.Count >= _expectedSyncs;

    private void BeginGroup(ulong sequence)
    {
        _syncSealSequence = sequence;
        _isGathering = false;
        _groupBegunNs = _seams.Clock.MonotonicNs;
    }

    /// <summary>A group's waiters are about to be answered.</summary>
    private void EndGroup(int answered)
    {
        if (answered == 0 || _failure != 0)
        {
            return;
        }
        long nowNs = _seams.Clock.MonotonicNs;
        long tookNs = Math.Clamp(nowNs - _groupBegunNs, 0, MaxGatherNs);
        _groupNs += (tookNs - _groupNs) / 8;
        _expectedSyncs = answered + _syncWaiters.Count;
        if (_expectedSyncs < 2 || _isGathering || _isClosed)
        {
            return;
        }
        _gatherUntilNs = nowNs + _groupNs;
        _isGathering = IoLane.Current is { } lane && lane.TrySchedule(_groupNs, _gatheringTimer);
        if (!_isGathering && _groupNs >= MinTimerNs)
        {
            int delayMs = (int)(_groupNs / 1_000_000);
            _gatherUntilNs = nowNs + delayMs * 1_000_000L;
            _isGathering = true;
            _seams.Clock.Schedule(delayMs, _gatheringTimer);
        }
    }

    /// <summary>Also rings for gatherings that have ended before; those of later ones find that their time has not come.</summary>
    private void OnGatheringTimer()
    {
        lock (_lock)
        {
            if (!_isGathering || _seams.Clock.MonotonicNs < _gatherUntilNs)
            {
                return;
            }
            _isGathering = false;
        }
        Pump();
    }

    private sealed class GatheringTimer(LogWriter owner) : IWorkItem
    {
        public void Execute() => owner.OnGatheringTimer();
    }
}
