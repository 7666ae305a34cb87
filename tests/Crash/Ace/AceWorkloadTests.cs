using Xunit;

namespace Txlfs.Tests.Crash.Ace;

/// <summary>The numbering of bounded workloads: it must reach all of them, and each once.</summary>
public class AceWorkloadTests
{
    [Fact]
    public void NumbersReachEveryPairOfOperationsInEveryPatternOnce()
    {
        HashSet<string> seen = [];
        ulong count = AceWorkload.Count(2);
        for (ulong number = 0; number < count; number++)
        {
            Assert.True(seen.Add(AceWorkload.At(2, number).ToString()), $"workload {number} comes twice");
        }
        int operations = AceSet.Operations.Count;
        Assert.Equal(operations * operations * 4, seen.Count);
    }

    [Fact]
    public void EveryWorkloadEndsWithSomethingDurable()
    {
        for (ulong number = 0; number < AceWorkload.Count(3); number += 9973)
        {
            Assert.NotEqual(AcePersistence.None, AceWorkload.At(3, number).Steps[^1].Persistence);
        }
    }
}
