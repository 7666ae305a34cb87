using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>One operation of a run: when it began and ended (ticks of the run), and the model after it.</summary>
public sealed class Step(Operation operation, long startTick, ModelState before)
{
    public Operation Operation { get; } = operation;
    public long StartTick { get; } = startTick;

    /// <summary>Never, for an operation that was in flight when the run ended.</summary>
    public long EndTick { get; private set; } = long.MaxValue;
    public ModelState Before { get; } = before;
    public ModelState After { get; private set; } = before;

    /// <summary>What a crash inside the operation may show; worked out only when somebody asks.</summary>
    public IReadOnlyList<ModelState> Intermediate => field ??= [.. MayBePartial ? Operation.Intermediate(Before) : []];

    /// <summary>The operation failed for want of space or of a device: it may have left its first pieces, or all of them.</summary>
    public bool HasFailedMidway { get; private set; }
    private bool MayBePartial { get; set; } = true;

    public void End(long tick, ModelState after)
    {
        EndTick = tick;
        After = after;
        MayBePartial = after.Fingerprint != Before.Fingerprint;
    }

    public void FailMidway(long tick, ModelState after)
    {
        EndTick = tick;
        After = after;
        HasFailedMidway = true;
    }
}

/// <summary>
/// All that one task did below its own directory, in order. A position in it is twice the number of whole operations that are visible, plus one
/// when a part of the next is.
/// </summary>
public sealed class History(ModelState initial)
{
    private readonly List<Step> _steps = [];

    public ModelState Initial { get; } = initial;
    public ulong Root => Initial.Root;
    public IReadOnlyList<Step> Steps => _steps;
    public ModelState Current { get; private set; } = initial;
    public int Completed { get; private set; }

    public Step Begin(Operation operation, long tick)
    {
        Step step = new(operation, tick, Current);
        _steps.Add(step);
        return step;
    }

    public void Complete(Step step)
    {
        Current = step.After;
        Completed++;
    }

    public ModelState StateAt(int wholeOperations) => wholeOperations == 0 ? Initial : _steps[wholeOperations - 1].After;

    /// <summary>The positions in a range at which the volume would show the fingerprint, ascending, with the model's state there.</summary>
    public IEnumerable<(int Position, ModelState State)> Find(ulong fingerprint, int acknowledged, int started)
    {
        for (int whole = acknowledged; whole <= started; whole++)
        {
            if (StateAt(whole).Fingerprint == fingerprint)
            {
                yield return (2 * whole, StateAt(whole));
            }
        }
        for (int whole = acknowledged; whole < started; whole++)
        {
            foreach (ModelState part in _steps[whole].Intermediate)
            {
                if (part.Fingerprint == fingerprint)
                {
                    yield return ((2 * whole) + 1, part);
                    break;
                }
            }
        }
    }
}
