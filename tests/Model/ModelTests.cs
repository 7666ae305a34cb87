using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Crash;
using Xunit;

namespace Txlfs.Tests.Model;

/// <summary>Random operations against the model without any crash: every outcome, and the whole tree at intervals and after remounts.</summary>
public class ModelTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AVolumeBehavesAsTheModelDoes(int batch)
    {
        for (ulong seed = 1000 + ((ulong)batch * 12); seed < 1012 + ((ulong)batch * 12); seed++)
        {
            try
            {
                Play(seed);
            }
            catch (Exception failure)
            {
                throw new CrashFailure($"seed {seed}: {failure.Message}", failure);
            }
        }
    }

    private static void Play(ulong seed)
    {
        Scenario scenario = Scenario.Draw(seed) with { Tasks = 1 };
        SimulatedRuntime runtime = new(seed);
        SeededRandom random = new(seed);
        using SimulatedBlockDevice device = new(runtime, 128 << 20);
        runtime.Run(() => Volume.FormatAsync(device, scenario.Format, runtime.Seams));
        VolumeDriver driver = Open(runtime, device, scenario);
        OpResult<InodeAttributes> root = runtime.RunToEnd(() => driver.Volume.GetAttributesAsync(Limits.RootInode));
        ModelState state = ModelState.Create(Limits.RootInode, root.Value.Mode & 0xFFF, root.Value.Uid, root.Value.Gid);
        for (int round = 0; round < 6; round++)
        {
            Run run = new(scenario, runtime, driver, random, [state]);
            runtime.Run(() => run.PlayAsync(60));
            state = run.Histories[0].Current;
            Compare(runtime, driver, state);
            if (round % 2 == 1)
            {
                Assert.Equal(0, runtime.RunToEnd(driver.Volume.CloseAsync));
                driver.Dispose();
                driver = Open(runtime, device, scenario);
                state = state.AfterRemount();
                Compare(runtime, driver, state);
            }
        }
        driver.Dispose();
    }

    private static VolumeDriver Open(SimulatedRuntime runtime, SimulatedBlockDevice device, Scenario scenario)
        => new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));

    private static void Compare(SimulatedRuntime runtime, VolumeDriver driver, ModelState state)
    {
        if (runtime.RunToEnd(() => VolumeWalker.FingerprintAsync(driver, state.Root)) != state.Fingerprint)
        {
            throw new CrashFailure("the volume shows another tree than the model:\n"
                + Difference.Lines(state.Dump(), runtime.RunToEnd(() => VolumeWalker.DumpAsync(driver, state.Root))));
        }
        Assert.Empty(runtime.RunToEnd(driver.Volume.VerifyAsync));
    }
}
