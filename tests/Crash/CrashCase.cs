using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>One moment of a run at which the power went.</summary>
public sealed record CutPoint(long EventNumber, CrashImage Image, Bounds Bounds);

/// <summary>
/// A whole crash test of one seed: format, run, a cut at every device write and flush with random survivors, and for each cut a remount, the
/// comparison with the model, the verifier, and now and then more operations and a second cut.
/// </summary>
public sealed class CrashCase(Scenario scenario, string kind = "cut")
{
    private const uint DirectoryMode = 0x1ED;
    private const int SecondRunOneIn = 12;
    private const int SecondRunOperations = 12;
    private readonly List<CutPoint> _cuts = [];
    private readonly HashSet<(ulong Key, int Acknowledged, int Started)> _known = [];

    /// <summary>Only this device event is looked at; all when null.</summary>
    public long? OnlyEvent { get; init; }

    /// <summary>At most so many cuts of the run are looked at, spread evenly.</summary>
    public int MaxCuts { get; init; } = int.MaxValue;

    /// <summary>Looks at every state that a cut may leave, not at one a write.</summary>
    public bool EveryState { get; init; }

    /// <summary>Cuts the recovery of each cut again, and again.</summary>
    public bool CutsRecovery { get; init; }

    /// <summary>Segments that were cleaned in the run.</summary>
    public long CleanedSegments { get; private set; }

    /// <summary>Runs the case; the number of cuts that were checked.</summary>
    public int Execute()
    {
        long at = 0;
        try
        {
            Run run = Play();
            int stride = Math.Max(1, (_cuts.Count + MaxCuts - 1) / MaxCuts);
            int offset = (int)(scenario.Seed % (ulong)stride);
            int count = 0;
            for (int i = OnlyEvent is null ? offset : 0; i < _cuts.Count; i += OnlyEvent is null ? stride : 1)
            {
                at = _cuts[i].EventNumber;
                if (OnlyEvent is null || OnlyEvent == at)
                {
                    count += CheckCut(run.Histories, _cuts[i]);
                }
            }
            return count;
        }
        catch (Exception failure)
        {
            throw CrashFailure.At(kind, scenario.Seed, at, failure.Message, failure);
        }
    }

    private int CheckCut(IReadOnlyList<History> histories, CutPoint cut)
    {
        if (CutsRecovery)
        {
            return new RecoveryCuts(histories, scenario.Volume, scenario.Seed ^ (ulong)cut.EventNumber).Check(cut.Image, cut.Bounds);
        }
        Check(histories, cut, !EveryState);
        return 1;
    }

    private Run Play()
    {
        SeededRandom random = new(~scenario.Seed);
        SimulatedRuntime runtime = new(scenario.Seed);
        using SimulatedBlockDevice device = new(runtime, scenario.DeviceBytes);
        using VolumeDriver driver = runtime.RunToEnd(() => FormatAndOpenAsync(device, runtime));
        ModelState[] initial = runtime.RunToEnd(() => MakeRootsAsync(driver));
        Run run = new(scenario, runtime, driver, random, initial);
        ulong cutSeed = random.Next();
        device.OnEvent = happened => Cut(device, happened, run.Bounds, cutSeed);
        PlayOut(runtime, run, scenario.OperationsPerTask);
        runtime.RunToEnd(() => scenario.EndsWithClose ? run.CloseAsync() : run.SyncAsync());
        // After the last acknowledgement everything must survive the worst cut.
        _cuts.Add(new CutPoint(device.LastEvent + 1, device.PeekCut(CutPolicy.DropAll), run.Bounds));
        device.OnEvent = null;
        CleanedSegments = driver.Volume.Metrics().Where(metric => metric is { Group: "cleaner", Name: "victims" }).Sum(metric => metric.Value);
        return run;
    }

    private void Cut(SimulatedBlockDevice device, DeviceEvent happened, Bounds bounds, ulong cutSeed)
    {
        Coverage.Count($"{kind}: cuts at a {happened.Kind}");
        if (!EveryState)
        {
            _cuts.Add(new CutPoint(happened.Number, device.PeekCut(CutPolicy.Random(cutSeed ^ (ulong)happened.Number)), bounds));
            return;
        }
        foreach (CutState state in CutStates.Of(device, cutSeed))
        {
            if (_known.Add((state.Key, bounds.Acknowledged[0], bounds.Started[0])))
            {
                _cuts.Add(new CutPoint(happened.Number, device.PeekCut(state.Policy), bounds));
            }
        }
    }

    private static void PlayOut(SimulatedRuntime runtime, Run run, int operations)
    {
        try
        {
            runtime.Run(() => run.PlayAsync(operations));
        }
        catch (SimulationDeadlockException deadlock)
        {
            throw new CrashFailure($"{deadlock.Message}\n{run.UnderWay}", deadlock);
        }
    }

    private async ValueTask<VolumeDriver> FormatAndOpenAsync(SimulatedBlockDevice device, SimulatedRuntime runtime)
    {
        await Volume.FormatAsync(device, scenario.Format, runtime.Seams);
        return new VolumeDriver(await Volume.OpenAsync(device, scenario.Volume, runtime.Seams));
    }

    private async ValueTask<ModelState[]> MakeRootsAsync(VolumeDriver driver)
    {
        ModelState[] states = new ModelState[scenario.Tasks];
        for (int i = 0; i < states.Length; i++)
        {
            Outcome made = await driver.MakeDirectoryAsync(Limits.RootInode, $"task{i}", DirectoryMode, Operation.Root);
            Require(made.Errno == 0, $"mkdir in an empty volume failed with errno {made.Errno}");
            states[i] = ModelState.Create(made.Inode, DirectoryMode, 0, 0);
        }
        Require(await driver.Volume.SyncAsync() == 0, "the first sync failed");
        return states;
    }

    private void Check(IReadOnlyList<History> histories, CutPoint cut, bool mayGoOn)
    {
        SeededRandom random = new(scenario.Seed ^ ((ulong)cut.EventNumber << 32));
        SimulatedRuntime runtime = new(random.Next());
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, cut.Image);
        using VolumeDriver driver = runtime.RunToEnd(() => OpenAsync(device, runtime));
        Require(driver.Volume.Recovery.BrokenPromise == 0, "a device that kept its word is said to lie about flushes");
        ModelState[] states = runtime.RunToEnd(() => CompareAsync(driver, histories, cut.Bounds));
        if (mayGoOn && random.OneIn(SecondRunOneIn))
        {
            GoOn(states, runtime, device, driver, random);
        }
        else if (random.OneIn(4))
        {
            // The background work of the mount (orphans, trims) must leave the same state behind.
            runtime.RunFor(random.Between(1, 3000));
            runtime.RunToEnd(() => CompareAsync(driver, histories, cut.Bounds));
            Require(runtime.RunToEnd(driver.Volume.CloseAsync) == 0, "closing the remounted volume failed");
        }
    }

    /// <summary>More operations on the remounted volume, and a second cut at a random event.</summary>
    private void GoOn(ModelState[] states, SimulatedRuntime runtime, SimulatedBlockDevice device, VolumeDriver driver, SeededRandom random)
    {
        Run run = new(scenario, runtime, driver, random, [.. states.Select(state => state.AfterRemount())]);
        long cutAt = device.LastEvent + random.Between(1, 20);
        CutPoint? second = null;
        device.OnEvent = happened =>
        {
            if (happened.Number == cutAt)
            {
                second = new CutPoint(happened.Number, device.PeekCut(CutPolicy.Random(random.Next())), run.Bounds);
            }
        };
        PlayOut(runtime, run, SecondRunOperations);
        runtime.RunToEnd(run.SyncAsync);
        second ??= new CutPoint(device.LastEvent, device.PeekCut(CutPolicy.DropAll), run.Bounds);
        device.OnEvent = null;
        Check(run.Histories, second, false);
    }

    private async ValueTask<VolumeDriver> OpenAsync(SimulatedBlockDevice device, SimulatedRuntime runtime)
        => new(await Volume.OpenAsync(device, scenario.Volume, runtime.Seams));

    private static async ValueTask<ModelState[]> CompareAsync(VolumeDriver driver, IReadOnlyList<History> histories, Bounds bounds)
    {
        ulong[] shown = new ulong[histories.Count];
        for (int i = 0; i < shown.Length; i++)
        {
            shown[i] = await VolumeWalker.FingerprintAsync(driver, histories[i].Root);
        }
        ModelState[]? states = PrefixCheck.Match(histories, bounds, shown, out string problem);
        if (states is null)
        {
            throw new CrashFailure(problem + "\n" + await DescribeAsync(driver, histories, bounds, shown));
        }
        IReadOnlyList<string> complaints = await driver.Volume.VerifyAsync();
        Require(complaints.Count == 0, "the verifier complains: " + string.Join("; ", complaints.Take(10)));
        return states;
    }

    private static async ValueTask<string> DescribeAsync(VolumeDriver driver, IReadOnlyList<History> histories, Bounds bounds, ulong[] shown)
    {
        List<string> parts = [];
        for (int i = 0; i < histories.Count; i++)
        {
            if (!histories[i].Find(shown[i], bounds.Acknowledged[i], bounds.Started[i]).Any())
            {
                List<string> dump = await VolumeWalker.DumpAsync(driver, histories[i].Root);
                parts.Add($"task {i}: " + Difference.Nearest(histories[i], dump, bounds.Acknowledged[i], bounds.Started[i]));
            }
        }
        return string.Join('\n', parts);
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new CrashFailure(problem);
        }
    }
}
