using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Cleaner;

/// <summary>Which segments are worth cleaning first. Pure: the same candidates give the same order, and nothing else is looked at.</summary>
internal interface IVictimPolicy
{
    /// <summary>Sorts the candidates, best victim first.</summary>
    void Rank(List<SegmentFacts> candidates, int segmentBytes);
}

internal enum VictimPolicyKind { Greedy, CostBenefit, AgeThreshold }

internal static class VictimPolicies
{
    public static IVictimPolicy Of(VictimPolicyKind kind) => kind switch
    {
        VictimPolicyKind.Greedy => new GreedyPolicy(),
        VictimPolicyKind.CostBenefit => new CostBenefitPolicy(),
        _ => new AgeThresholdPolicy(),
    };

    public static double Utilisation(in SegmentFacts facts, int segmentBytes) => Math.Min(1, (double)facts.LiveBytes / segmentBytes);
}

/// <summary>Least live bytes first: the cheapest now, blind to what would die by itself soon.</summary>
internal sealed class GreedyPolicy : IVictimPolicy
{
    public void Rank(List<SegmentFacts> candidates, int segmentBytes)
        => candidates.Sort((a, b) => a.LiveBytes != b.LiveBytes ? a.LiveBytes.CompareTo(b.LiveBytes) : a.Index.CompareTo(b.Index));
}

/// <summary>
/// Sprite LFS: benefit (1 - u) x age over cost 1 + u. A cold segment is cleaned at a high utilisation, because what is won there stays won; a hot one only
/// when it is nearly empty. What counts as age is how often the log has moved on, so an idle volume does not age.
/// </summary>
internal sealed class CostBenefitPolicy : IVictimPolicy
{
    public static double Score(in SegmentFacts facts, int segmentBytes)
    {
        double utilisation = VictimPolicies.Utilisation(facts, segmentBytes);
        return (1 - utilisation) * (facts.Age + 1) / (1 + utilisation);
    }

    public void Rank(List<SegmentFacts> candidates, int segmentBytes)
        => candidates.Sort((a, b) =>
        {
            int byScore = Score(b, segmentBytes).CompareTo(Score(a, segmentBytes));
            return byScore != 0 ? byScore : a.Index.CompareTo(b.Index);
        });
}

/// <summary>
/// Greedy among those that have rested: segments whose age is below the median of the candidates come last, because much of what they hold is about to die.
/// Among the nearly empty ones (less than an eighth live) age does not count.
/// </summary>
internal sealed class AgeThresholdPolicy : IVictimPolicy
{
    private const int NearlyEmptyShare = 8;

    public void Rank(List<SegmentFacts> candidates, int segmentBytes)
    {
        if (candidates.Count == 0)
        {
            return;
        }
        ulong[] ages = [.. candidates.Select(facts => facts.Age)];
        Array.Sort(ages);
        ulong threshold = ages[ages.Length / 2];
        bool HasRested(in SegmentFacts facts) => facts.Age >= threshold || facts.LiveBytes < segmentBytes / NearlyEmptyShare;
        candidates.Sort((a, b) =>
        {
            bool first = HasRested(a), second = HasRested(b);
            if (first != second)
            {
                return first ? -1 : 1;
            }
            return a.LiveBytes != b.LiveBytes ? a.LiveBytes.CompareTo(b.LiveBytes) : a.Index.CompareTo(b.Index);
        });
    }
}
