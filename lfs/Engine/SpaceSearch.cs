namespace Txlfs.Lfs.Engine;

internal enum SpaceStep { Retry, Drain, Checkpoint, Clean, CleanShared, Full }

/// <param name="IsFull">There are free segments; it is the live bytes that have reached what the volume may hold, and cleaning does not help.</param>
/// <param name="MayShrink">Some of them are an estimate that a checkpoint replaces by what is true.</param>
/// <param name="HasBackgroundWork">Unlinked files are still being freed.</param>
/// <param name="HasOvercounted">Segments count shared bytes more than once, and may hold dead ones that nobody sees.</param>
/// <param name="HasReclaimable">Segments are dead, and a checkpoint away from being free.</param>
internal readonly record struct SpaceFacts(bool IsFull, bool MayShrink, bool HasBackgroundWork, bool HasOvercounted, bool HasReclaimable);

/// <summary>What an operation that found no room does next, and what it has done so far.</summary>
internal struct SpaceSearch
{
    /// <summary>Others may take what was freed before this operation sees it; but not for ever.</summary>
    private const int MaxCheckpoints = 8, MaxCleanings = 200, MaxPasses = 4;

    private int _checkpoints;
    private int _cleanings;
    private int _passes;
    private bool _hasDrained;
    private bool _hasLookedAgain;

    public SpaceStep Next(in SpaceFacts facts)
    {
        if (facts.IsFull)
        {
            if (facts.HasBackgroundWork && !_hasDrained)
            {
                _hasDrained = true;
                return SpaceStep.Drain;
            }
            if (facts.MayShrink && _checkpoints++ < MaxCheckpoints)
            {
                return SpaceStep.Checkpoint;
            }
            return facts.HasOvercounted && _passes++ < MaxPasses ? SpaceStep.CleanShared : LookAgain();
        }
        if (facts.HasReclaimable && _checkpoints++ < MaxCheckpoints)
        {
            return SpaceStep.Checkpoint;
        }
        return _cleanings++ < MaxCleanings ? SpaceStep.Clean : LookAgain();
    }

    /// <summary>What was seen may be older than a checkpoint, or a delete, that ended since.</summary>
    private SpaceStep LookAgain()
    {
        bool isFirst = !_hasLookedAgain;
        _hasLookedAgain = true;
        return isFirst ? SpaceStep.Retry : SpaceStep.Full;
    }
}
