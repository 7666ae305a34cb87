namespace Txlfs.Cli.Torture;

/// <summary>Consecutive blocks written by one command.</summary>
internal readonly record struct BlockRun(int First, int Count)
{
    public int End => First + Count;

    public bool Overlaps(BlockRun other) => First < other.End && other.First < End;
}

/// <summary>
/// Which blocks an epoch writes: a function of the run, the round and the epoch alone, so that whoever finds the card can tell what must be on it. The
/// pattern changes every few epochs: cards fail differently at streams, at small writes, and when they must leave one allocation unit for another.
/// </summary>
internal static class EpochPlan
{
    private const int EpochsPerPattern = 24;
    private const int LargeBlocks = 128;
    private const int AllocationUnitBlocks = 1024;
    private const int Units = 4;

    /// <summary>Fills the list; no block comes twice. The first run is the ring's: it says that the epoch before was acknowledged. True: the last run is a durable write, in place of a flush.</summary>
    public static bool Draw(ulong runId, uint round, uint epoch, TortureLayout layout, List<BlockRun> runs)
    {
        runs.Clear();
        runs.Add(new BlockRun(layout.AreaBlocks + (int)(epoch % TortureLayout.RingBlocks), 1));
        uint series = epoch / EpochsPerPattern, step = epoch % EpochsPerPattern;
        ulong seriesState = Scramble.Next(runId ^ ((ulong)round << 32) ^ series);
        ulong state = Scramble.Next(seriesState ^ ((ulong)step << 48));
        int pattern = (int)(seriesState % 5);
        switch (pattern)
        {
            case 0:
                AddStream(runs, layout, Start(seriesState, layout), step);
                break;
            case 1:
                AddRandom(runs, layout, ref state, 24);
                break;
            case 2:
                Add(runs, layout, Start(Draw(ref state), layout), LargeBlocks);
                AddRandom(runs, layout, ref state, 12);
                break;
            case 3:
                AddUnits(runs, layout, Start(seriesState, layout), step, ref state);
                break;
            default:
                AddRandom(runs, layout, ref state, 1);
                break;
        }
        return pattern == 4;
    }

    private static void AddStream(List<BlockRun> runs, TortureLayout layout, int start, uint step)
    {
        for (int i = 0; i < 2; i++)
        {
            Add(runs, layout, start + ((((int)step * 2) + i) * LargeBlocks), LargeBlocks);
        }
    }

    private static void AddRandom(List<BlockRun> runs, TortureLayout layout, ref ulong state, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Add(runs, layout, Start(Draw(ref state), layout), 1);
        }
    }

    /// <summary>A little into each of several allocation units, by turns, each going on where it was.</summary>
    private static void AddUnits(List<BlockRun> runs, TortureLayout layout, int start, uint step, ref ulong state)
    {
        for (int unit = 0; unit < Units; unit++)
        {
            int count = 1 << (int)(Draw(ref state) % 5);
            Add(runs, layout, start + (unit * AllocationUnitBlocks) + ((int)step * 16), count);
        }
    }

    private static ulong Draw(ref ulong state) => state = Scramble.Next(state);

    private static int Start(ulong state, TortureLayout layout) => (int)(Scramble.Next(state) % (ulong)layout.AreaBlocks);

    private static void Add(List<BlockRun> runs, TortureLayout layout, int first, int count)
    {
        first %= layout.AreaBlocks;
        var run = new BlockRun(first, Math.Min(count, layout.AreaBlocks - first));
        foreach (BlockRun other in runs)
        {
            if (run.Overlaps(other))
            {
                return;
            }
        }
        runs.Add(run);
    }
}
