using Txlfs.Journal;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

public enum FaultKind { FailedWrite, FailedFlush, LyingFlush, LyingFlushes, LostWrite, MisdirectedWrite }

/// <summary>
/// A run on a device that goes wrong once. A failure that the device owns up to must make the volume read-only and lose nothing acknowledged;
/// one that it hides must show, at the latest after the next mount, as an error or as an honest earlier state, never as garbage.
/// </summary>
public sealed class FaultCase(Scenario scenario, FaultKind fault)
{
    private const int MaxFaultDistance = 60;

    public void Execute()
    {
        try
        {
            ExecuteCore();
        }
        catch (Exception failure)
        {
            throw CrashFailure.At(fault.ToString(), scenario.Seed, 0, failure.Message, failure);
        }
    }

    private void ExecuteCore()
    {
        SeededRandom random = new(scenario.Seed * 31);
        SimulatedRuntime runtime = new(scenario.Seed);
        using SimulatedBlockDevice device = new(runtime, scenario.DeviceBytes);
        using VolumeDriver driver = runtime.RunToEnd(() => OpenNewAsync(device, runtime));
        Outcome made = runtime.RunToEnd(() => driver.MakeDirectoryAsync(Limits.RootInode, "task0", 0x1ED, Operation.Root));
        Require(made.Errno == 0 && runtime.RunToEnd(driver.Volume.SyncAsync) == 0, "the volume cannot be set up");
        Func<bool> hasFired = Arm(device, random);
        bool isHonest = fault is FaultKind.FailedWrite or FaultKind.FailedFlush;
        Run run = new(scenario with { Tasks = 1 }, runtime, driver, random, [ModelState.Create(made.Inode, 0x1ED, 0, 0)])
        {
            MayFail = () => hasFired() || !isHonest,
        };
        runtime.Run(() => run.PlayAsync(scenario.OperationsPerTask));
        int synced = runtime.RunToEnd(run.SyncAsync);
        if (isHonest && hasFired())
        {
            CheckIsReadOnly(runtime, driver, run, synced);
        }
        CrashImage image = device.PeekCut(CutPolicy.Random(random.Next()));
        Bounds bounds = isHonest ? run.Bounds : run.Bounds with { Acknowledged = [0] };
        Coverage.Count($"{fault}: {(hasFired() ? "happened" : "never came to pass")}");
        CheckRemount(image, run.Histories[0], bounds, isHonest, run.Bounds.Acknowledged[0]);
    }

    private async ValueTask<VolumeDriver> OpenNewAsync(SimulatedBlockDevice device, SimulatedRuntime runtime)
    {
        await Volume.FormatAsync(device, scenario.Format, runtime.Seams);
        return new VolumeDriver(await Volume.OpenAsync(device, scenario.Volume, runtime.Seams));
    }

    /// <summary>Sets the fault a little ahead; tells whether the device has come to it.</summary>
    private Func<bool> Arm(SimulatedBlockDevice device, SeededRandom random)
    {
        long write = device.Counters.Writes + random.Between(1, MaxFaultDistance);
        long flush = device.Counters.Flushes + random.Between(1, MaxFaultDistance / 4);
        switch (fault)
        {
            case FaultKind.FailedWrite:
                device.Faults.FailWrite(write, Errno.EIO);
                return () => device.Counters.Writes >= write;
            case FaultKind.FailedFlush:
                device.Faults.FailFlush(flush, Errno.EIO);
                return () => device.Counters.Flushes >= flush;
            case FaultKind.LyingFlush:
                device.Faults.LieOnFlush(flush);
                return () => device.Counters.Flushes >= flush;
            case FaultKind.LyingFlushes:
                device.Faults.EveryFlushLies = true;
                return () => true;
            case FaultKind.LostWrite:
                device.Faults.LoseWrite(write);
                return () => device.Counters.Writes >= write;
            default:
                device.Faults.MisdirectWrite(write, random.Below((int)(scenario.DeviceBytes / 2 / 4096)) * 4096L);
                return () => device.Counters.Writes >= write;
        }
    }

    private static void CheckIsReadOnly(SimulatedRuntime runtime, VolumeDriver driver, Run run, int synced)
    {
        // The failing operation may have been one in the background: its failure must have come through once all is quiet.
        runtime.RunFor(5000);
        Outcome create = runtime.RunToEnd(() => driver.CreateAsync(run.Histories[0].Root, "after-failure", 0x81A4, 0, Operation.Root, false));
        Require(create.Errno is Errno.EROFS or Errno.EIO, $"a volume whose device failed took a new file (errno {create.Errno})");
        int again = runtime.RunToEnd(driver.Volume.SyncAsync);
        Require(synced != 0 || again != 0 || run.Histories[0].Completed == run.Bounds.Acknowledged[0], "sync succeeds on a volume whose device failed");
    }

    private void CheckRemount(CrashImage image, History history, Bounds bounds, bool isHonest, int acknowledged)
    {
        SimulatedRuntime runtime = new(scenario.Seed + 1);
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
        try
        {
            using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
            int shown = Compare(runtime, driver, history, bounds);
            bool isReported = driver.Volume.Recovery.BrokenPromise != 0;
            Coverage.Count($"{fault}: {(shown >= acknowledged ? "nothing acknowledged was lost" : isReported ? "lost, and reported at mount" : "lost without a trace on the medium")}");
            Require(!isReported || !isHonest, "a device that owned up to its failure is said to lie about flushes");
        }
        catch (Exception detected) when (!isHonest && detected is VolumeException or WalkException { IsIoError: true })
        {
            // An error that is named is what was asked for.
            Coverage.Count($"{fault}: refused or EIO");
        }
    }

    /// <summary>The latest position of the history that the volume shows.</summary>
    private static int Compare(SimulatedRuntime runtime, VolumeDriver driver, History history, Bounds bounds)
    {
        ulong shown = runtime.RunToEnd(() => VolumeWalker.FingerprintAsync(driver, history.Root));
        if (PrefixCheck.Match([history], bounds, [shown], out string problem) is null)
        {
            List<string> dump = runtime.RunToEnd(() => VolumeWalker.DumpAsync(driver, history.Root));
            throw new CrashFailure(problem + "\n" + Difference.Nearest(history, dump, bounds.Acknowledged[0], bounds.Started[0]));
        }
        return history.Find(shown, bounds.Acknowledged[0], bounds.Started[0]).Max(match => match.Position / 2);
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new CrashFailure(problem);
        }
    }
}
