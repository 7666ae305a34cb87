using Txlfs.Journal.Runtime;
using Xunit;

namespace Txlfs.Tests.Unit.Journal;

public class SystemSeamsTests
{
    [Fact]
    public async Task TimersFireInOrderOfTheirDeadlinesAndNotEarly()
    {
        Seams seams = SystemSeams.Create(new StderrLogSink(LogSeverity.Error));
        var fired = new List<(int DelayMs, long AfterNs)>();
        var done = new TaskCompletionSource();
        long beganNs = seams.Clock.MonotonicNs;
        foreach (int delayMs in (int[])[60, 5, 120, 0])
            seams.Clock.Schedule(delayMs, new Note(() =>
            {
                lock (fired)
                {
                    fired.Add((delayMs, seams.Clock.MonotonicNs - beganNs));
                    if (fired.Count == 4)
                        done.SetResult();
                }
            }));
        await done.Task;
        Assert.Equal(4, fired.Count);
        Assert.All(fired, one => Assert.True(one.AfterNs >= one.DelayMs * 1_000_000L));
    }

    [Fact]
    public void ClocksAndRandomnessAreReal()
    {
        Seams seams = SystemSeams.Create(new StderrLogSink(LogSeverity.Error));
        Assert.InRange(seams.Clock.WallNs, 1_700_000_000_000_000_000, long.MaxValue);
        long firstNs = seams.Clock.MonotonicNs;
        Assert.True(seams.Clock.MonotonicNs >= firstNs);
        Assert.NotEqual(seams.Random.NextUInt64(), seams.Random.NextUInt64());
        var bytes = new byte[100];
        seams.Random.Fill(bytes);
        Assert.Contains(bytes, value => value != 0);
    }

    private sealed class Note(Action action) : IWorkItem
    {
        public void Execute() => action();
    }
}
