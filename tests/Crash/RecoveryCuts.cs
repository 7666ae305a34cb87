using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>
/// Cuts the power again while a volume recovers from a cut: at each write and flush of the remount, in every state that <see cref="CutStates"/> names,
/// and then once more while it recovers from that. Recovery commits nothing that a person can see, so every remount must show what the first one did.
/// </summary>
public sealed class RecoveryCuts(IReadOnlyList<History> histories, VolumeOptions options, ulong seed)
{
    /// <summary>Cuts of a cut recovery that are looked at: all would be the square of the first.</summary>
    private const int ThirdCuts = 3;

    /// <summary>Before its record, and after it.</summary>
    private const int FlushesOfOneCheckpoint = 2;

    /// <summary>Background work of the mount (orphans, trims) that is cut as well, milliseconds.</summary>
    private const int BackgroundMs = 400;

    private readonly SeededRandom _random = new(seed);

    /// <summary>At most so many cuts of the first recovery are looked at, drawn from all.</summary>
    public int MaxSecondCuts { get; init; } = int.MaxValue;

    /// <summary>Remounts the image with two more cuts; the number of remounts.</summary>
    public int Check(CrashImage image, Bounds bounds)
    {
        List<CrashImage> second = [];
        ulong[] shown = Remount(image, second, [.. histories.Select(history => history.Root)]);
        if (PrefixCheck.Match(histories, bounds, shown, out string problem) is null)
        {
            throw new CrashFailure(problem);
        }
        int remounts = 1;
        while (second.Count > MaxSecondCuts)
        {
            second.RemoveAt(_random.Below(second.Count));
        }
        foreach (CrashImage again in second)
        {
            List<CrashImage> third = [];
            Require(Remount(again, third, Roots).SequenceEqual(shown), "a volume that was cut during recovery shows another state than before");
            remounts++;
            Coverage.Count("recovery: second cuts");
            for (int i = 0; i < ThirdCuts && third.Count > 0; i++)
            {
                Require(Remount(_random.Pick(third), null, Roots).SequenceEqual(shown), "a volume that was cut during recovery twice shows another state than before");
                remounts++;
                Coverage.Count("recovery: third cuts");
            }
        }
        return remounts;
    }

    private ulong[] Roots => [.. histories.Select(history => history.Root)];

    /// <summary>Mounts, looks and verifies; gathers what cuts on the way would have left.</summary>
    private ulong[] Remount(CrashImage image, List<CrashImage>? cuts, ulong[] roots)
    {
        SimulatedRuntime runtime = new(_random.Next());
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
        HashSet<ulong> known = [];
        if (cuts is not null)
        {
            device.OnEvent = _ => cuts.AddRange(CutStates.Of(device, seed, 2).Where(state => known.Add(state.Key)).Select(state => device.PeekCut(state.Policy)));
        }
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, options, runtime.Seams)));
        Require(driver.Volume.Recovery.BrokenPromise == 0, "a device that kept its word is said to lie about flushes");
        Coverage.Count("recovery: frames replayed", driver.Volume.Recovery.ReplayedFrames);
        Coverage.Count(device.Counters.Flushes > FlushesOfOneCheckpoint ? "recovery: with checkpoints in the middle" : "recovery: with one checkpoint");
        ulong[] shown = new ulong[roots.Length];
        for (int i = 0; i < roots.Length; i++)
        {
            shown[i] = runtime.RunToEnd(() => VolumeWalker.FingerprintAsync(driver, roots[i]));
        }
        if (cuts is not null)
        {
            runtime.RunFor(BackgroundMs);
        }
        device.OnEvent = null;
        IReadOnlyList<string> complaints = runtime.RunToEnd(driver.Volume.VerifyAsync);
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
