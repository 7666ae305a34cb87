using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>
/// Formats over a volume that is in use, with a cut at every write and flush: what is left is the new volume, empty and whole, or no volume, or the old
/// one as it was; never something of both.
/// </summary>
public sealed class FormatCase(Scenario scenario)
{
    private const string Kind = "format";
    private static readonly Guid s_old = new("00000000-0000-4000-8000-000000000001"), s_new = new("00000000-0000-4000-8000-000000000002");

    public int Execute()
    {
        try
        {
            SimulatedRuntime runtime = new(scenario.Seed);
            using SimulatedBlockDevice device = new(runtime, scenario.DeviceBytes);
            runtime.Run(() => Volume.FormatAsync(device, scenario.Format with { Uuid = s_old }, runtime.Seams));
            ulong before = runtime.RunToEnd(() => FillAsync(device, runtime));
            List<CrashImage> cuts = [];
            HashSet<ulong> known = [];
            device.OnEvent = _ => cuts.AddRange(CutStates.Of(device, scenario.Seed, 2).Where(state => known.Add(state.Key)).Select(state => device.PeekCut(state.Policy)));
            runtime.Run(() => Volume.FormatAsync(device, scenario.Format with { Uuid = s_new }, runtime.Seams));
            cuts.Add(device.PeekCut(CutPolicy.DropAll));
            device.OnEvent = null;
            for (int i = 0; i < cuts.Count; i++)
            {
                Check(cuts[i], before, mustBeNew: i == cuts.Count - 1);
            }
            return cuts.Count;
        }
        catch (Exception failure)
        {
            throw CrashFailure.At(Kind, scenario.Seed, 0, failure.Message, failure);
        }
    }

    private async ValueTask<ulong> FillAsync(SimulatedBlockDevice device, SimulatedRuntime runtime)
    {
        using VolumeDriver driver = new(await Volume.OpenAsync(device, scenario.Volume, runtime.Seams));
        SeededRandom random = new(scenario.Seed);
        for (int i = 0; i < 5; i++)
        {
            Outcome file = await driver.CreateAsync(Limits.RootInode, $"old{i}", 0x81A4, 0, Operation.Root, false);
            await driver.WriteAsync(file.Inode, 0, random.Data(random.Between(100, 20_000)), WriteOptions.None, Operation.Root);
        }
        Require(await driver.Volume.CloseAsync() == 0, "the old volume cannot be made");
        return await VolumeWalker.FingerprintAsync(driver, Limits.RootInode);
    }

    private void Check(CrashImage image, ulong before, bool mustBeNew)
    {
        SimulatedRuntime runtime = new(scenario.Seed + 1);
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
        try
        {
            using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
            bool isNew = driver.Volume.Uuid == s_new;
            Coverage.Count($"{Kind}: {(isNew ? "the new volume" : "the old volume")}");
            Require(isNew || !mustBeNew, "a format that was reported done left the old volume");
            ulong shown = runtime.RunToEnd(() => VolumeWalker.FingerprintAsync(driver, Limits.RootInode));
            int entries = runtime.RunToEnd(() => VolumeWalker.ListAsync(driver, Limits.RootInode)).Count;
            Require(isNew ? entries == 0 : shown == before, "an interrupted format left something between the old volume and the new one");
            IReadOnlyList<string> complaints = runtime.RunToEnd(driver.Volume.VerifyAsync);
            Require(complaints.Count == 0, "the verifier complains: " + string.Join("; ", complaints.Take(10)));
        }
        catch (VolumeException refused)
        {
            Require(!mustBeNew, $"a format that was reported done left no volume: {refused.Message}");
            Coverage.Count($"{Kind}: no volume");
        }
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new CrashFailure(problem);
        }
    }
}
