using Txlfs.Journal;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>
/// Reads that fail now and then, on a volume whose caches are cold: an operation that they hit is EIO and leaves nothing (or its first pieces, where it
/// is documented to have some); all others succeed, the volume goes on taking changes, and when the device reads again everything is there.
/// </summary>
public sealed class ReadFaultCase(Scenario scenario)
{
    private const string Kind = "read-errors";
    private const int Rounds = 6, OperationsPerRound = 25, MaxReadsAhead = 5;

    /// <summary>The number of rounds that came to an end.</summary>
    public int Execute()
    {
        try
        {
            return ExecuteCore();
        }
        catch (Exception failure)
        {
            throw CrashFailure.At(Kind, scenario.Seed, 0, failure.Message, failure);
        }
    }

    private int ExecuteCore()
    {
        SeededRandom random = new(scenario.Seed * 37);
        (CrashImage image, ModelState state) = Populate(random);
        for (int round = 1; round <= Rounds; round++)
        {
            SimulatedRuntime runtime = new(random.Next());
            using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
            using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
            long before = device.Counters.Reads, first = before + random.Between(1, MaxReadsAhead);
            for (long nth = first; nth < first + 2; nth++)
            {
                device.Faults.FailRead(nth, Errno.EIO);
            }
            Run run = new(scenario, runtime, driver, random, [state]) { MayFail = () => device.Counters.Reads >= first };
            runtime.Run(() => run.PlayAsync(OperationsPerRound));
            bool hasFired = device.Counters.Reads >= first;
            Coverage.Count($"{Kind}: {(hasFired ? "happened" : "never came to pass")}");
            device.Faults.ForgetReads();
            state = Judge(runtime, driver, run.Histories[0]).AfterRemount();
            if (driver.Volume.IsReadOnly)
            {
                // The read was a checkpoint's, which cannot go on without the page: an error is logged, and what is on the device stays whole.
                Coverage.Count($"{Kind}: a checkpoint could not be written");
                return round;
            }
            int closed = runtime.RunToEnd(driver.Volume.CloseAsync);
            Require(closed == 0, $"closing after read errors failed with {closed}");
            image = device.PeekCut(CutPolicy.DropAll);
        }
        return Rounds;
    }

    private (CrashImage Image, ModelState State) Populate(SeededRandom random)
    {
        SimulatedRuntime runtime = new(scenario.Seed);
        using SimulatedBlockDevice device = new(runtime, scenario.DeviceBytes);
        runtime.Run(() => Volume.FormatAsync(device, scenario.Format, runtime.Seams));
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
        Outcome made = runtime.RunToEnd(() => driver.MakeDirectoryAsync(Limits.RootInode, "task0", 0x1ED, Operation.Root));
        Run run = new(scenario, runtime, driver, random, [ModelState.Create(made.Inode, 0x1ED, 0, 0)]);
        runtime.Run(() => run.PlayAsync(scenario.OperationsPerTask));
        Require(runtime.RunToEnd(run.CloseAsync) == 0, "the volume cannot be set up");
        return (device.PeekCut(CutPolicy.DropAll), run.Histories[0].Current.AfterRemount());
    }

    /// <summary>The model's state that the volume shows, which must be one that the interrupted operation may leave.</summary>
    private static ModelState Judge(SimulatedRuntime runtime, VolumeDriver driver, History history)
    {
        ulong shown = runtime.RunToEnd(() => VolumeWalker.FingerprintAsync(driver, history.Root));
        int completed = history.Completed, started = history.Steps.Count;
        foreach ((_, ModelState state) in history.Find(shown, completed, started))
        {
            IReadOnlyList<string> complaints = runtime.RunToEnd(driver.Volume.VerifyAsync);
            Require(complaints.Count == 0, "the verifier complains: " + string.Join("; ", complaints.Take(10)));
            return state;
        }
        List<string> dump = runtime.RunToEnd(() => VolumeWalker.DumpAsync(driver, history.Root));
        throw new CrashFailure("after a read error the volume shows a state that it never had\n" + Difference.Nearest(history, dump, completed, started));
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new CrashFailure(problem);
        }
    }
}
