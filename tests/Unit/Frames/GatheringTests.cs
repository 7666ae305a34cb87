using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime;
using Txlfs.Journal.Runtime.Simulation;
using Xunit;

namespace Txlfs.Tests.Unit.Frames;

/// <summary>Group commit on a device whose flush takes as long as a card's.</summary>
public class GatheringTests
{
    private const int FlushMs = 8;
    private const int Rounds = 20;

    [Fact]
    public void CallersWhoSyncAgainAndAgainFallIntoOneGroup()
    {
        // Without gathering two half groups take turns, which is twice as many flushes.
        (long flushes, _) = Run(callers: 8);
        Assert.InRange(flushes, Rounds, Rounds * 5 / 4);
    }

    [Fact]
    public void ALoneCallerNeverWaitsForOthers()
    {
        (long flushes, long elapsedNs) = Run(callers: 1);
        Assert.Equal(Rounds, flushes);
        Assert.InRange(elapsedNs, 0, Rounds * (FlushMs + 1) * 1_000_000L);
    }

    [Fact]
    public void WhoDoesNotComeBackIsWaitedForOnceAndNotLonger()
    {
        var runtime = new SimulatedRuntime(7);
        using var device = new SlowFlushDevice(new SimulatedBlockDevice(runtime, 64L << 20), runtime);
        using LogWriter log = LogTests.NewLog(device, runtime, new LogTests.Segments(12));
        ulong csn = 0;
        long beganNs = runtime.MonotonicNs;
        runtime.Run(async () =>
        {
            Task other = SyncsAsync(log, () => ++csn, rounds: 2);
            await SyncsAsync(log, () => ++csn, Rounds);
            await other;
        });
        Assert.InRange(runtime.MonotonicNs - beganNs, 0, (Rounds + 5) * (FlushMs + 1) * 1_000_000L);
    }

    private static (long Flushes, long ElapsedNs) Run(int callers)
    {
        var runtime = new SimulatedRuntime((ulong)callers);
        using var device = new SlowFlushDevice(new SimulatedBlockDevice(runtime, 64L << 20), runtime);
        using LogWriter log = LogTests.NewLog(device, runtime, new LogTests.Segments(12));
        ulong csn = 0;
        long beganNs = runtime.MonotonicNs;
        runtime.Run(async () => await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => SyncsAsync(log, () => ++csn, Rounds))));
        return (device.Counters.Flushes, runtime.MonotonicNs - beganNs);
    }

    private static async Task SyncsAsync(LogWriter log, Func<ulong> nextCsn, int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            Assert.Equal(0, await LogTests.AppendAsync(log, nextCsn(), 100, isAligned: false));
            Assert.Equal(0, await log.SyncAsync());
        }
    }

    /// <summary>A device that takes its time for flushes and for durable writes.</summary>
    private sealed class SlowFlushDevice(SimulatedBlockDevice inner, SimulatedRuntime runtime) : IBlockDevice
    {
        public string Name => inner.Name;
        public long LengthBytes => inner.LengthBytes;
        public int AlignmentBytes => inner.AlignmentBytes;
        public bool IsReadOnly => inner.IsReadOnly;
        public DeviceCounters Counters => inner.Counters;

        public ValueTask<int> ReadAsync(long offsetBytes, NativeSlice destination) => inner.ReadAsync(offsetBytes, destination);

        public async ValueTask<int> WriteAsync(long offsetBytes, NativeSlice source, WriteFlags flags = WriteFlags.None)
        {
            int result = await inner.WriteAsync(offsetBytes, source, flags);
            if ((flags & WriteFlags.Durable) != 0)
            {
                await PauseAsync();
            }
            return result;
        }

        public async ValueTask<int> FlushAsync()
        {
            await PauseAsync();
            return await inner.FlushAsync();
        }

        public ValueTask<int> DiscardAsync(long offsetBytes, long lengthBytes) => inner.DiscardAsync(offsetBytes, lengthBytes);

        public void Dispose() => inner.Dispose();

        private Task PauseAsync()
        {
            var pause = new Pause();
            runtime.Schedule(FlushMs, pause);
            return pause.Over.Task;
        }

        private sealed class Pause : IWorkItem
        {
            public TaskCompletionSource Over { get; } = new();

            public void Execute() => Over.SetResult();
        }
    }
}
