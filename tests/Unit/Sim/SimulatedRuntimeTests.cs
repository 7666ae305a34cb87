using Txlfs.Journal.Runtime;
using Txlfs.Journal.Runtime.Simulation;
using Xunit;

namespace Txlfs.Tests.Unit.Sim;

public class SimulatedRuntimeTests
{
    /// <summary>The published first outputs of xoshiro256** for the state that SplitMix64 makes of 0.</summary>
    [Fact]
    public void TheGeneratorIsTheNamedOne()
    {
        var random = new Xoshiro256(0);
        Assert.Equal(0x99EC5F36CB75F2B4UL, random.NextUInt64());
        Assert.Equal(0xBF6E1F784956452AUL, random.NextUInt64());
    }

    [Fact]
    public void TheSameSeedTakesTheSamePathAndAnotherDoesNot()
    {
        (string First, ulong FirstTrace) = Interleave(42);
        (string Again, ulong AgainTrace) = Interleave(42);
        (string Other, _) = Interleave(43);
        Assert.Equal(First, Again);
        Assert.Equal(FirstTrace, AgainTrace);
        Assert.NotEqual(First, Other);
    }

    private static (string Order, ulong Trace) Interleave(ulong seed)
    {
        var runtime = new SimulatedRuntime(seed);
        var order = new List<string>();
        var clients = new List<Task>();
        runtime.Run(async () =>
        {
            for (int client = 0; client < 4; client++)
                clients.Add(Client(client));
            foreach (Task client in clients)
                await client;
        });
        return (string.Join(' ', order), runtime.Trace);

        async Task Client(int number)
        {
            for (int i = 0; i < 10; i++)
            {
                await runtime.Yield();
                order.Add($"{number}{i}");
                if (runtime.NextUInt64() % 3 == 0)
                    await runtime.Delay(1 + number);
            }
        }
    }

    [Fact]
    public void TimersFireInVirtualTime()
    {
        var runtime = new SimulatedRuntime(1);
        long beganNs = runtime.WallNs;
        runtime.Run(async () =>
        {
            await runtime.Delay(3_600_000);
            await runtime.Delay(5);
        });
        Assert.InRange(runtime.WallNs - beganNs, 3_600_005_000_000, 3_600_006_000_000);
    }

    [Fact]
    public void NothingToRunIsADeadlockThatNamesTheSeed()
    {
        var runtime = new SimulatedRuntime(77);
        var never = new TaskCompletionSource<int>();
        var deadlock = Assert.Throws<SimulationDeadlockException>(() => runtime.RunToEnd(new ValueTask<int>(never.Task)));
        Assert.Contains("77", deadlock.Message);
    }

    [Fact]
    public void EndlessWorkIsALivelock()
    {
        var runtime = new SimulatedRuntime(5) { MaxStepsPerRun = 1000 };
        runtime.Queue(new Again(runtime));
        Assert.Throws<SimulationException>(runtime.RunUntilIdle);
    }

    [Fact]
    public void WorkOnAnotherThreadIsCaught()
    {
        var runtime = new SimulatedRuntime(6);
        runtime.Run(() =>
        {
            var stranger = new Thread(() => Assert.Throws<SimulationException>(() => runtime.Queue(new Again(runtime))));
            stranger.Start();
            stranger.Join();
            return ValueTask.CompletedTask;
        });
    }

    [Fact]
    public void RunForStopsTheClockWhereAsked()
    {
        var runtime = new SimulatedRuntime(8);
        var ticks = new Ticker(runtime);
        runtime.Schedule(10, ticks);
        runtime.RunFor(105);
        Assert.Equal(10, ticks.Count);
        Assert.InRange(runtime.MonotonicNs, 105_000_000, 105_100_000);
    }

    [Fact]
    public void ExceptionsComeBackToTheCaller()
    {
        var runtime = new SimulatedRuntime(9);
        Assert.Throws<InvalidDataException>(() => runtime.Run(async () =>
        {
            await runtime.Yield();
            throw new InvalidDataException();
        }));
    }

    private sealed class Again(SimulatedRuntime runtime) : IWorkItem
    {
        public void Execute() => runtime.Queue(this);
    }

    private sealed class Ticker(SimulatedRuntime runtime) : IWorkItem
    {
        public int Count { get; private set; }

        public void Execute()
        {
            Count++;
            runtime.Schedule(10, this);
        }
    }
}
