using Xunit;
using Xunit.Abstractions;

namespace Txlfs.Tests.Crash;

/// <summary>
/// The short run of the crash test, bounded by counts so that every run does the same work. A longer one: scripts/crash-soak --minutes N.
/// </summary>
public class CrashTests(ITestOutputHelper output)
{
    private const int CutSeeds = 300, SampledSeeds = 1500, SampledCuts = 10, TinySeeds = 30, FaultSeeds = 100, StateSeeds = 60, RecoverySeeds = 60;

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
    public void AVolumeThatRunsFullStaysSound() => RunSeeds("tiny", 1, TinySeeds);

    [Theory]
    [InlineData(FaultKind.FailedWrite)]
    [InlineData(FaultKind.FailedFlush)]
    public void AFailingDeviceMakesTheVolumeReadOnlyAndLosesNothingAcknowledged(FaultKind fault) => RunSeeds(fault.ToString(), 1, FaultSeeds);

    [Theory]
    [InlineData(FaultKind.LyingFlush)]
    [InlineData(FaultKind.LostWrite)]
    [InlineData(FaultKind.MisdirectedWrite)]
    public void ADeviceThatHidesItsFailuresNeverMakesTheVolumeShowGarbage(FaultKind fault) => RunSeeds(fault.ToString(), 1, FaultSeeds);

    private void RunSeeds(string kind, int first, int seeds, int maxCuts = int.MaxValue)
    {
        long remounts = 0;
        Parallel.For(first, first + seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            seed => Interlocked.Add(ref remounts, Cases.Execute(kind, (ulong)seed, null, maxCuts)));
        output.WriteLine($"{kind}: {seeds} seeds, {remounts} remounts");
    }
}
