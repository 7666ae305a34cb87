using Txlfs.Lfs.Cleaner;
using Txlfs.Lfs.Segments;
using Xunit;

namespace Txlfs.Tests.Unit.Cleaning;

public class PolicyTests
{
    private const int SegmentBytes = 1 << 20;

    [Fact]
    public void GreedyTakesTheEmptiest()
        => Assert.Equal([2, 1, 0], Ranked(VictimPolicyKind.Greedy, Facts(0, 0.9, 1000), Facts(1, 0.5, 1), Facts(2, 0.1, 1)));

    /// <summary>As in the Sprite paper: cold segments at 75 %, hot ones not before about 15 %.</summary>
    [Fact]
    public void CostBenefitPrefersAColdFullSegmentToAHotEmptierOne()
        => Assert.Equal([0, 1], Ranked(VictimPolicyKind.CostBenefit, Facts(0, 0.75, 1000), Facts(1, 0.3, 10)));

    [Fact]
    public void CostBenefitOfSegmentsOfOneAgeIsGreedy()
        => Assert.Equal([2, 1, 0], Ranked(VictimPolicyKind.CostBenefit, Facts(0, 0.9, 7), Facts(1, 0.5, 7), Facts(2, 0.1, 7)));

    [Fact]
    public void AFullSegmentIsWorthNothingHoweverOld()
        => Assert.Equal(0, CostBenefitPolicy.Score(Facts(0, 1, 1_000_000), SegmentBytes));

    [Fact]
    public void SharedBytesMakeASegmentNoFullerThanFull()
        => Assert.Equal(0, CostBenefitPolicy.Score(new SegmentFacts(0, 5L * SegmentBytes, 9), SegmentBytes));

    [Fact]
    public void AgeThresholdLeavesTheYoungForLast()
        => Assert.Equal([1, 0, 2], Ranked(VictimPolicyKind.AgeThreshold, Facts(0, 0.8, 100), Facts(1, 0.6, 90), Facts(2, 0.3, 2)));

    [Fact]
    public void AgeThresholdTakesANearlyEmptyYoungOneAllTheSame()
        => Assert.Equal(2, Ranked(VictimPolicyKind.AgeThreshold, Facts(0, 0.8, 100), Facts(1, 0.6, 90), Facts(2, 0.05, 2))[0]);

    [Theory]
    [InlineData(VictimPolicyKind.Greedy)]
    [InlineData(VictimPolicyKind.CostBenefit)]
    [InlineData(VictimPolicyKind.AgeThreshold)]
    public void EveryOrderOfTheCandidatesGivesTheSameRanking(object kind)
    {
        SegmentFacts[] facts = [.. Enumerable.Range(0, 40).Select(i => Facts(i, i * 7 % 20 / 20.0, (ulong)(i * 13 % 10)))];
        int[] expected = Ranked((VictimPolicyKind)kind, facts);
        var random = new Random(5);
        for (int round = 0; round < 20; round++)
        {
            random.Shuffle(facts);
            Assert.Equal(expected, Ranked((VictimPolicyKind)kind, facts));
        }
    }

    [Theory]
    [InlineData(VictimPolicyKind.Greedy)]
    [InlineData(VictimPolicyKind.CostBenefit)]
    [InlineData(VictimPolicyKind.AgeThreshold)]
    public void NothingIsRankedAsNothing(object kind) => Assert.Empty(Ranked((VictimPolicyKind)kind));

    private static SegmentFacts Facts(int index, double utilisation, ulong age) => new(index, (long)(utilisation * SegmentBytes), age);

    private static int[] Ranked(VictimPolicyKind kind, params SegmentFacts[] facts)
    {
        List<SegmentFacts> candidates = [.. facts];
        VictimPolicies.Of(kind).Rank(candidates, SegmentBytes);
        return [.. candidates.Select(candidate => candidate.Index)];
    }
}
