using Txlfs.Journal;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>
/// Fails each read, write and flush of a recovery in turn: the mount is refused with an error, or the volume takes no changes, or all is well; and when the
/// device works again the volume shows what it showed before.
/// </summary>
public sealed class MountFaultCase(Scenario scenario)
{
    private const string Kind = "mount-faults";
    private const int MaxReads = 40;
    private ulong _expected;
    private ulong _root;

    private enum Fault { Read, Write, Flush }

    public int Execute()
    {
        string where = "";
        try
        {
            CrashImage image = Play();
            (long reads, long writes, long flushes) = Measure(image);
            int mounts = 1;
            foreach ((Fault fault, long count) in new[] { (Fault.Read, Math.Min(reads, MaxReads)), (Fault.Write, writes), (Fault.Flush, flushes) })
            {
                for (long nth = 1; nth <= count; nth++)
                {
                    where = $"{fault} number {nth} of the mount fails\n";
                    Check(image, fault, nth);
                    mounts++;
                }
            }
            return mounts;
        }
        catch (Exception failure)
        {
            throw CrashFailure.At(Kind, scenario.Seed, 0, where + failure.Message, failure);
        }
    }

    private CrashImage Play()
    {
        SeededRandom random = new(scenario.Seed * 47);
        SimulatedRuntime runtime = new(scenario.Seed);
        using SimulatedBlockDevice device = new(runtime, scenario.DeviceBytes);
        runtime.Run(() => Volume.FormatAsync(device, scenario.Format, runtime.Seams));
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
        Outcome made = runtime.RunToEnd(() => driver.MakeDirectoryAsync(Limits.RootInode, "task0", 0x1ED, Operation.Root));
        _root = made.Inode;
        Run run = new(scenario, runtime, driver, random, [ModelState.Create(made.Inode, 0x1ED, 0, 0)]);
        runtime.Run(() => run.PlayAsync(scenario.OperationsPerTask));
        Require(runtime.RunToEnd(run.SyncAsync) == 0, "sync failed on a sound device");
        _expected = run.Histories[0].Current.AfterRemount().Fingerprint;
        return device.PeekCut(CutPolicy.Random(random.Next()));
    }

    private (long Reads, long Writes, long Flushes) Measure(CrashImage image)
    {
        SimulatedRuntime runtime = new(scenario.Seed + 1);
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
        Require(runtime.RunToEnd(() => VolumeWalker.FingerprintAsync(driver, _root)) == _expected, "what was acknowledged is lost");
        return (device.Counters.Reads, device.Counters.Writes, device.Counters.Flushes);
    }

    private void Check(CrashImage image, Fault fault, long nth)
    {
        SimulatedRuntime runtime = new(scenario.Seed + 1);
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
        Action<long, int> arm = fault switch { Fault.Read => device.Faults.FailRead, Fault.Write => device.Faults.FailWrite, _ => device.Faults.FailFlush };
        arm(nth, Errno.EIO);
        try
        {
            using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
            // The fault may have been one of the background's, or a block of which there is a copy.
            runtime.RunFor(2000);
            Coverage.Count($"{Kind}: {fault}: {(driver.Volume.IsReadOnly ? "takes no changes" : "mounted all the same")}");
        }
        catch (VolumeException)
        {
            Coverage.Count($"{Kind}: {fault}: mount refused");
        }
        CrashImage left = device.PeekCut(CutPolicy.Random(scenario.Seed ^ (ulong)nth));
        SimulatedRuntime later = new(scenario.Seed + 2);
        using SimulatedBlockDevice healed = SimulatedBlockDevice.FromImage(later, left);
        using VolumeDriver again = new(later.RunToEnd(() => Volume.OpenAsync(healed, scenario.Volume, later.Seams)));
        Require(later.RunToEnd(() => VolumeWalker.FingerprintAsync(again, _root)) == _expected, "a mount that failed has changed what the volume shows");
        IReadOnlyList<string> complaints = later.RunToEnd(again.Volume.VerifyAsync);
        Require(complaints.Count == 0, "the verifier complains: " + string.Join("; ", complaints.Take(10)));
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new CrashFailure(problem);
        }
    }
}
