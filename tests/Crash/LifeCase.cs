using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>
/// Many mounts of one small volume, each ended by a power cut at a random moment (now and then in the middle of the recovery from the last one): what
/// earlier lives left behind on the medium must never come back.
/// </summary>
public sealed class LifeCase(Scenario scenario)
{
    private const string Kind = "life";
    private const int Lives = 40, MaxEventsAhead = 60;

    public int Execute()
    {
        int life = 0;
        try
        {
            SeededRandom random = new(scenario.Seed * 43);
            (CrashImage image, ModelState[] states) = Begin();
            for (life = 1; life <= Lives; life++)
            {
                (image, states) = Live(image, states, random);
            }
            return Lives;
        }
        catch (Exception failure)
        {
            throw CrashFailure.At(Kind, scenario.Seed, 0, $"life {life}\n{failure.Message}", failure);
        }
    }

    private (CrashImage Image, ModelState[] States) Begin()
    {
        SimulatedRuntime runtime = new(scenario.Seed);
        using SimulatedBlockDevice device = new(runtime, scenario.DeviceBytes);
        runtime.Run(() => Volume.FormatAsync(device, scenario.Format, runtime.Seams));
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
        ModelState[] states = new ModelState[scenario.Tasks];
        for (int i = 0; i < states.Length; i++)
        {
            Outcome made = runtime.RunToEnd(() => driver.MakeDirectoryAsync(Limits.RootInode, $"task{i}", 0x1ED, Operation.Root));
            states[i] = ModelState.Create(made.Inode, 0x1ED, 0, 0);
        }
        Require(runtime.RunToEnd(driver.Volume.SyncAsync) == 0, "the first sync failed");
        return (device.PeekCut(CutPolicy.DropAll), states);
    }

    /// <summary>Mounts, goes on working until the power goes, and finds out by another mount what is left.</summary>
    private (CrashImage Image, ModelState[] States) Live(CrashImage image, ModelState[] states, SeededRandom random)
    {
        SimulatedRuntime runtime = new(random.Next());
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
        CrashImage? left = null;
        Bounds? bounds = null;
        Run? run = null;
        long cutAt = random.Between(1, MaxEventsAhead);
        ulong cutSeed = random.Next();
        device.OnEvent = happened =>
        {
            if (happened.Number == cutAt)
            {
                (left, bounds) = (device.PeekCut(CutPolicy.Random(cutSeed)), run?.Bounds);
            }
        };
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
        run = new Run(scenario, runtime, driver, random, states);
        runtime.Run(() => run.PlayAsync(scenario.OperationsPerTask));
        if (left is null)
        {
            (left, bounds) = (device.PeekCut(CutPolicy.Random(cutSeed)), run.Bounds);
        }
        device.OnEvent = null;
        bounds ??= new Bounds(new int[states.Length], new int[states.Length]);
        Coverage.Count($"{Kind}: {(bounds.Started.Sum() == 0 ? "cut during recovery" : "cut at work")}");
        return (left, Judge(left, run.Histories, bounds, random));
    }

    private ModelState[] Judge(CrashImage image, IReadOnlyList<History> histories, Bounds bounds, SeededRandom random)
    {
        SimulatedRuntime runtime = new(random.Next());
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
        Require(driver.Volume.Recovery.BrokenPromise == 0, "a device that kept its word is said to lie about flushes");
        ulong[] shown = [.. histories.Select(history => runtime.RunToEnd(() => VolumeWalker.FingerprintAsync(driver, history.Root)))];
        ModelState[]? states = PrefixCheck.Match(histories, bounds, shown, out string problem);
        for (int i = 0; states is null && i < histories.Count; i++)
        {
            problem += "\n" + Difference.Nearest(histories[i], runtime.RunToEnd(() => VolumeWalker.DumpAsync(driver, histories[i].Root)), bounds.Acknowledged[i], bounds.Started[i]);
        }
        Require(states is not null, problem);
        IReadOnlyList<string> complaints = runtime.RunToEnd(driver.Volume.VerifyAsync);
        Require(complaints.Count == 0, "the verifier complains: " + string.Join("; ", complaints.Take(10)));
        return [.. states!.Select(state => state.AfterRemount())];
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new CrashFailure(problem);
        }
    }
}
