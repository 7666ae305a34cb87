using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Cleaner;

/// <summary>Picks a round's victims by the policy, and remembers those that can't be cleaned, or only after a pass over the index.</summary>
internal sealed class VictimChooser(VolumeEngine engine, IVictimPolicy policy)
{
    /// <summary>A segment that was cleaned so often and still has the same live bytes is left alone until they change.</summary>
    private const int MaxAttempts = 4;

    /// <summary>When room is wanted at once, only what a segment gives back counts, not for how long.</summary>
    private readonly GreedyPolicy _urgentPolicy = new();
    private readonly List<SegmentFacts> _candidates = [];
    private readonly HashSet<int> _excluded = [];
    private readonly Dictionary<int, (ulong Stamp, long LiveBytes, int Count)> _attempts = [];

    /// <summary>Victims whose extent tables do not account for all live bytes.</summary>
    private readonly HashSet<int> _needPass = [];

    /// <summary>Overcounted segments that were found full all the same, and the live bytes that they had then.</summary>
    private readonly Dictionary<int, long> _full = [];

    public int NeedPassCount => _needPass.Count;

    public void MarkFull(int segment) => _full[segment] = engine.Segments[segment].LiveBytes;

    public void MarkNeedsPass(int segment) => _needPass.Add(segment);

    /// <summary>The best candidates, as many as <paramref name="budgetBytes"/> of live data; at least one if there is any.</summary>
    public void Choose(Victims victims, long minGainBytes, long budgetBytes, bool isUrgent, HashSet<int> unreadable)
    {
        victims.Clear();
        Exclude(unreadable);
        _excluded.UnionWith(_needPass);
        engine.Segments.CollectCandidates(_candidates, minGainBytes, _excluded);
        (isUrgent ? _urgentPolicy : policy).Rank(_candidates, engine.Segments.SegmentBytes);
        long sum = 0;
        foreach (SegmentFacts facts in _candidates)
        {
            if (victims.Count == Victims.MaxCount || (victims.Count > 0 && sum + facts.LiveBytes > budgetBytes))
            {
                break;
            }
            sum += facts.LiveBytes;
            Take(victims, facts.Index);
        }
    }

    /// <summary>Those that wait for a pass over the index, as far as they are still worth it; and some of those whose live bytes say nothing because they are shared.</summary>
    public void ChooseForPass(Victims victims, long minGainBytes, int maxCount, HashSet<int> unreadable)
    {
        victims.Clear();
        Exclude(unreadable);
        engine.Segments.CollectCandidates(_candidates, minGainBytes, _excluded);
        _candidates.RemoveAll(facts => !_needPass.Contains(facts.Index));
        policy.Rank(_candidates, engine.Segments.SegmentBytes);
        engine.Segments.CollectOvercounted(_candidates, engine.Budget.OvercountedBytes, _excluded);
        _candidates.RemoveAll(facts => _full.TryGetValue(facts.Index, out long live) && live == facts.LiveBytes);
        foreach (SegmentFacts facts in _candidates.Take(maxCount))
        {
            Take(victims, facts.Index);
        }
        _needPass.Clear();
    }

    /// <summary>There was no room to move these into: that attempt does not count.</summary>
    public void Excuse(Victims victims)
    {
        foreach (int segment in victims.Segments)
        {
            if (_attempts.TryGetValue(segment, out (ulong Stamp, long LiveBytes, int Count) attempts))
            {
                _attempts[segment] = attempts with { Count = attempts.Count - 1 };
            }
        }
    }

    private void Take(Victims victims, int segment)
    {
        ulong stamp = engine.Segments.StampOf(segment);
        long live = engine.Segments[segment].LiveBytes;
        bool isSame = _attempts.TryGetValue(segment, out (ulong Stamp, long LiveBytes, int Count) attempts) && attempts.Stamp == stamp && attempts.LiveBytes == live;
        int count = isSame ? attempts.Count + 1 : 1;
        _attempts[segment] = (stamp, live, count);
        if (count == MaxAttempts)
        {
            engine.Seams.Log.Write(LogSeverity.Warning, $"segment {segment} still has the same live bytes after {MaxAttempts} attempts to clean it: it is left alone");
        }
        victims.Add(segment, stamp);
    }

    private void Exclude(HashSet<int> unreadable)
    {
        _excluded.Clear();
        _excluded.UnionWith(unreadable);
        foreach ((int segment, (ulong stamp, long live, int count)) in _attempts)
        {
            if (count >= MaxAttempts && engine.Segments.StampOf(segment) == stamp && engine.Segments[segment].LiveBytes == live)
            {
                _excluded.Add(segment);
            }
        }
    }
}
