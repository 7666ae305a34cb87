using Xunit;
using Xunit.Abstractions;

namespace Txlfs.Tests.Crash.Ace;

/// <summary>Every workload of one and of two operations within the bounds of <see cref="AceSet"/>. Those of three: scripts/crash-soak.</summary>
public class AceTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void EveryBoundedWorkloadSurvivesEveryCut(int length)
    {
        ulong count = AceWorkload.Count(length);
        long remounts = 0;
        Parallel.For(0, (long)count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            number => Interlocked.Add(ref remounts, Cases.Execute($"ace{length}", (ulong)number)));
        output.WriteLine($"{AceSet.Operations.Count} operations, {count} workloads of {length}, {remounts} different states mounted");
    }
}
