using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash.Ace;

/// <summary>
/// Runs one bounded workload on a fresh volume, with a power cut at every write and flush and after every acknowledgement, in every state that
/// <see cref="CutStates"/> names. States that a workload with the same begin has shown already are left to that one: only what happens from the last
/// operation on is looked at.
/// </summary>
public sealed class AceCase(AceWorkload workload)
{
    private const int MaxDependencies = 40;
    private readonly List<(CrashImage Image, ulong Key, Bounds Bounds)> _cuts = [];
    private readonly HashSet<(ulong Key, int Acknowledged, int Started)> _known = [];
    private readonly History _history = new(AceVolume.Root);
    private int _acknowledged;
    private bool _isLooking;
    private long _tick;

    /// <summary>The number of remounts that were checked.</summary>
    public int Execute()
    {
        try
        {
            Play();
            Dictionary<ulong, ulong> shown = [];
            foreach ((CrashImage image, ulong key, Bounds bounds) in _cuts)
            {
                if (!shown.TryGetValue(key, out ulong fingerprint))
                {
                    fingerprint = Check(image, key, bounds);
                    shown.Add(key, fingerprint);
                }
                else if (PrefixCheck.Match([_history], bounds, [fingerprint], out string problem) is null)
                {
                    throw new CrashFailure(problem);
                }
            }
            Coverage.Count($"ace: workloads of {workload.Steps.Count}");
            Coverage.Count("ace: moments and survivors judged", _cuts.Count);
            Coverage.Count("ace: different states mounted", shown.Count);
            return shown.Count;
        }
        catch (Exception failure)
        {
            throw CrashFailure.At($"ace{workload.Steps.Count}", workload.Number, 0, $"{workload}\n{failure.Message}", failure);
        }
    }

    private void Play()
    {
        SimulatedRuntime runtime = new(workload.Number);
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, AceVolume.Image);
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, AceVolume.Options, runtime.Seams)));
        device.OnEvent = happened => Look(device, happened);
        for (int i = 0; i < workload.Steps.Count; i++)
        {
            _isLooking = i == workload.Steps.Count - 1;
            (AceOperation operation, AcePersistence persistence) = workload.Steps[i];
            runtime.Run(() => RunAsync(driver, operation, i));
            runtime.Run(() => PersistAsync(driver, persistence));
        }
        // After the last acknowledgement the worst cut must leave everything.
        Look(device, new DeviceEvent(device.LastEvent + 1, DeviceEventKind.Flush, 0, 0));
        device.OnEvent = null;
    }

    private void Look(SimulatedBlockDevice device, DeviceEvent happened)
    {
        if (!_isLooking)
        {
            return;
        }
        Coverage.Count($"ace: cuts at a {happened.Kind}");
        Bounds bounds = new([_acknowledged], [_history.Steps.Count]);
        foreach (CutState state in CutStates.Of(device, workload.Number, workload.Steps.Count == 1 ? 4 : 2))
        {
            if (_known.Add((state.Key, _acknowledged, _history.Steps.Count)))
            {
                _cuts.Add((device.PeekCut(state.Policy), state.Key, bounds));
            }
        }
    }

    private async ValueTask RunAsync(VolumeDriver driver, AceOperation ace, int position)
    {
        for (int i = 0; AceDependencies.Next(_history.Current, ace) is { } needed; i++)
        {
            Require(i < MaxDependencies, $"the dependencies of {ace} have no end");
            await StepAsync(driver, needed);
        }
        await StepAsync(driver, AceBinder.Bind(_history.Current, ace, position));
    }

    private async ValueTask StepAsync(VolumeDriver driver, Operation operation)
    {
        Step step = _history.Begin(operation, _tick++);
        Outcome outcome = await operation.RunAsync(driver);
        (int errno, ModelState after) = operation.Apply(step.Before, outcome);
        Require(outcome.Errno == errno, $"{Difference.Shorten(operation)} gave errno {outcome.Errno}, the model says {errno}");
        string? complaint = operation.Complaint(step.Before, outcome);
        Require(complaint is null, $"{Difference.Shorten(operation)}: {complaint}");
        step.End(_tick++, errno == 0 ? after : step.Before);
        _history.Complete(step);
    }

    private async ValueTask PersistAsync(VolumeDriver driver, AcePersistence persistence)
    {
        if (persistence == AcePersistence.None)
        {
            return;
        }
        if (persistence != AcePersistence.Checkpoint)
        {
            await AcknowledgeAsync(driver.Volume.SyncAsync(), "sync");
        }
        if (persistence != AcePersistence.Sync)
        {
            await AcknowledgeAsync(driver.Volume.CheckpointAsync(), "checkpoint");
        }
    }

    private async ValueTask AcknowledgeAsync(ValueTask<int> task, string what)
    {
        int completed = _history.Completed;
        int result = await task;
        Require(result == 0, $"{what} failed with {result}");
        _acknowledged = completed;
    }

    private ulong Check(CrashImage image, ulong key, Bounds bounds)
    {
        SimulatedRuntime runtime = new(workload.Number ^ key);
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
        return runtime.RunToEnd(() => CheckAsync(device, runtime, bounds));
    }

    private async ValueTask<ulong> CheckAsync(SimulatedBlockDevice device, SimulatedRuntime runtime, Bounds bounds)
    {
        using VolumeDriver driver = new(await Volume.OpenAsync(device, AceVolume.Options, runtime.Seams));
        Require(driver.Volume.Recovery.BrokenPromise == 0, "a device that kept its word is said to lie about flushes");
        ulong shown = await VolumeWalker.FingerprintAsync(driver, _history.Root);
        if (PrefixCheck.Match([_history], bounds, [shown], out string problem) is null)
        {
            List<string> dump = await VolumeWalker.DumpAsync(driver, _history.Root);
            throw new CrashFailure($"{problem}\n{Difference.Nearest(_history, dump, bounds.Acknowledged[0], bounds.Started[0])}");
        }
        IReadOnlyList<string> complaints = await driver.Volume.VerifyAsync();
        Require(complaints.Count == 0, "the verifier complains: " + string.Join("; ", complaints.Take(10)));
        return shown;
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new CrashFailure(problem);
        }
    }
}
