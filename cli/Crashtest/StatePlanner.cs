using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;

namespace Txlfs.Cli.Crashtest;

/// <summary>
/// Chooses the states to look at: all there are, when they fit into the number that was asked for; otherwise a sample of the seed's. Those
/// right after an acknowledgement come first, since what was acknowledged too early shows there.
/// </summary>
internal sealed class StatePlanner(Recording recording, ulong seed)
{
    private const int MostEnumerated = 4;

    private readonly Xoshiro256 _random = new(seed);
    private readonly HashSet<string> _seen = [];
    private readonly List<CrashState> _chosen = [];

    /// <summary>In the order of their cuts.</summary>
    public List<CrashState> Choose(int count)
    {
        int[] cuts = [.. Enumerable.Range(0, recording.EventCount + 1)];
        int[] edges = [.. cuts.Where(cut => cut == recording.EventCount || (cut > 0 && recording.AckBytesAt(cut) > recording.AckBytesAt(cut - 1)))];
        TakeEach(edges, CutPolicy.DropAll, (count + 1) / 2);
        TakeEach(edges, CutPolicy.KeepAll, count / 10);
        TakeEach(cuts, CutPolicy.DropAll, count / 10);
        TakeEach(cuts, CutPolicy.KeepAll, count / 10);
        TakeSubsets(cuts, count / 10);
        for (int attempt = 0; attempt < 10 * count && _chosen.Count < count; attempt++)
        {
            Take(_random.Next(cuts.Length), CutPolicy.Random(_random.NextUInt64()));
        }

        // What little there is may not need a sample.
        TakeEach(cuts, CutPolicy.DropAll, count - _chosen.Count);
        TakeEach(cuts, CutPolicy.KeepAll, count - _chosen.Count);
        TakeSubsets(cuts, count - _chosen.Count);
        return [.. _chosen.OrderBy(state => state.Cut)];
    }

    /// <summary>One state for each cut, in a random order, until there are so many more.</summary>
    private void TakeEach(int[] cuts, ICutPolicy policy, int count)
    {
        int end = _chosen.Count + count;
        foreach (int cut in Shuffled(cuts))
        {
            if (_chosen.Count >= end)
            {
                return;
            }
            Take(cut, policy);
        }
    }

    /// <summary>Every subset, where only a few are in doubt.</summary>
    private void TakeSubsets(int[] cuts, int count)
    {
        int end = _chosen.Count + Math.Max(count, 0);
        foreach (int cut in Shuffled(cuts))
        {
            if (_chosen.Count >= end)
            {
                return;
            }
            int inDoubt = recording.InDoubtAt(cut).Count;
            for (ulong subset = 0; inDoubt <= MostEnumerated && subset < 1UL << inDoubt && _chosen.Count < end; subset++)
            {
                Take(cut, CutPolicy.Subset(subset));
            }
        }
    }

    private void Take(int cut, ICutPolicy policy)
    {
        CrashState state = Make(recording, cut, policy);
        if (_seen.Add(state.Identity(recording)))
        {
            _chosen.Add(state);
        }
    }

    private static CrashState Make(Recording recording, int cut, ICutPolicy policy)
    {
        List<RecordedWrite> inDoubt = recording.InDoubtAt(cut);
        List<Loss> losses = [];
        for (int i = 0; i < inDoubt.Count; i++)
        {
            var survives = new bool[inDoubt[i].SectorCount];

            // A policy looks at how many sectors there are, not at what is in them.
            policy.Choose(new UnflushedWrite(inDoubt[i].Id, inDoubt[i].OffsetBytes, []), i, survives);
            bool[] lost = Array.ConvertAll(survives, isKept => !isKept);
            if (lost.Contains(true))
            {
                losses.Add(new Loss(inDoubt[i], lost));
            }
        }
        return new CrashState(cut, losses, inDoubt.Count);
    }

    private int[] Shuffled(int[] values)
    {
        int[] shuffled = [.. values];
        for (int i = shuffled.Length - 1; i > 0; i--)
        {
            int other = _random.Next(i + 1);
            (shuffled[i], shuffled[other]) = (shuffled[other], shuffled[i]);
        }
        return shuffled;
    }
}
