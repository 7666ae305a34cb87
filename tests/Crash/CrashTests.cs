using Xunit;
using Xunit.Abstractions;

namespace Txlfs.Tests.Crash;

/// <summary>
/// The short run of the crash test, bounded by counts so that every run does the same work. A longer one: scripts/crash-soak --minutes N.
/// </summary>
public class CrashTests(ITestOutputHelper output)
{
    private const int CutSeeds = 200, SampledSeeds = 700, SampledCuts = 10, TinySeeds = 30, CleaningSeeds = 24, CleaningCuts = 20, FaultSeeds = 100, StateSeeds = 60, RecoverySeeds = 50, LifeSeeds = 25, MountFaultSeeds = 15,
        ReadErrorSeeds = 60, DamageSeeds = 25;

    [Fact]
    public void EveryCutShowsAPrefixThatHoldsWhatWasAcknowledged() => RunSeeds("cut", 1, CutSeeds);

    /// <summary>Many more runs, with cuts at some of the device's writes only.</summary>
    [Fact]
    public void SampledCutsOfManyRunsShowAPrefixThatHoldsWhatWasAcknowledged() => RunSeeds("cut", 1 + CutSeeds, SampledSeeds, SampledCuts);

    /// <summary>Every subset of what was not flushed, and torn writes, at every write and flush of short runs.</summary>
    [Fact]
    public void EveryStateThatACutMayLeaveShowsAPrefix() => RunSeeds("states", 1, StateSeeds);

    [Fact]
    public void ASecondAndAThirdCutDuringRecoveryChangeNothing() => RunSeeds("recovery", 1, RecoverySeeds);

    [Fact]
    public void ARecoveryThatNeedsMoreMemoryThanThereIsSurvivesCuts()
    {
        RunSeeds("long-replay", 1, 2);
        Assert.True(Coverage.Of("recovery: with checkpoints in the middle") > 0, "no recovery had to write a checkpoint in the middle");
    }

    [Fact]
    public void WhatEarlierLivesLeftOnTheMediumNeverComesBack() => RunSeeds("life", 1, LifeSeeds);

    [Fact]
    public void AnInterruptedFormatLeavesOneVolumeOrNone() => RunSeeds("format", 1, 1);

    [Fact]
    public void AMountThatFailsHalfwayChangesNothing() => RunSeeds("mount-faults", 1, MountFaultSeeds);

    [Fact]
    public void AFailedReadIsAnErrorOfWhatItHitsAlone()
    {
        RunSeeds("read-errors", 1, ReadErrorSeeds);
        Assert.True(Coverage.Of("read-errors: happened") > 0, "no read was failed");
    }

    [Fact]
    public void DamageIsNeverShownAndStaysWhereItIs() => RunSeeds("damage", 1, DamageSeeds);

    /// <summary>Every operation with every amount of room between none and more than a segment.</summary>
    [Fact]
    public void EveryOperationIsSoundWithWhateverRoomIsLeft()
    {
        RunSeeds("full", 0, (int)FullCase.Count);
        Assert.True(Coverage.Of("full: ENOSPC") > 0 && Coverage.Of("full: had room") > 0, "the sweep did not pass the point where room runs out");
    }

    [Fact]
    public void AVolumeThatRunsFullStaysSound() => RunSeeds("tiny", 1, TinySeeds);

    /// <summary>Cuts while segments are read, moved, and freed.</summary>
    [Fact]
    public void CutsDuringCleaningShowAPrefixToo()
    {
        long remounts = 0, cleaned = 0;
        Parallel.For(1, 1 + CleaningSeeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            CrashCase single = new(Scenario.DrawCleaning((ulong)seed), "clean") { MaxCuts = CleaningCuts };
            Interlocked.Add(ref remounts, single.Execute());
            Interlocked.Add(ref cleaned, single.CleanedSegments);
        });
        output.WriteLine($"clean: {CleaningSeeds} seeds, {remounts} remounts, {cleaned} segments cleaned");
        Assert.True(cleaned > CleaningSeeds);
    }

    [Theory]
    [InlineData(FaultKind.FailedWrite)]
    [InlineData(FaultKind.FailedFlush)]
    public void AFailingDeviceMakesTheVolumeReadOnlyAndLosesNothingAcknowledged(FaultKind fault) => RunSeeds(fault.ToString(), 1, FaultSeeds);

    [Theory]
    [InlineData(FaultKind.LyingFlush)]
    [InlineData(FaultKind.LyingFlushes)]
    [InlineData(FaultKind.LostWrite)]
    [InlineData(FaultKind.MisdirectedWrite)]
    public void ADeviceThatHidesItsFailuresNeverMakesTheVolumeShowGarbage(FaultKind fault)
    {
        RunSeeds(fault.ToString(), 1, FaultSeeds);
        Assert.True(fault != FaultKind.LyingFlushes || Coverage.Of("LyingFlushes: lost, and reported at mount") > 0, "no lying flush was reported");
    }

    private void RunSeeds(string kind, int first, int seeds, int maxCuts = int.MaxValue)
    {
        long remounts = 0;
        Parallel.For(first, first + seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            seed => Interlocked.Add(ref remounts, Cases.Execute(kind, (ulong)seed, null, maxCuts)));
        output.WriteLine($"{kind}: {seeds} seeds, {remounts} remounts\n{string.Join('\n', Coverage.Lines.Where(line => line.Contains("  " + kind, StringComparison.Ordinal)))}");
    }
}
