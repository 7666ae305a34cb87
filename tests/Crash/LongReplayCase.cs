using Txlfs.Journal.Codec;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>
/// A log that changes more pages than the memory of the next mount holds: recovery has to write checkpoints in the middle of the replay, and is cut there.
/// </summary>
public sealed class LongReplayCase(ulong seed)
{
    private const string Kind = "long-replay";
    private const long DeviceBytes = 96L << 20;
    private const int SecondCuts = 8, AttributesPerFile = 9;
    private static readonly VolumeOptions s_plenty = new() { MemoryBytes = 96L << 20, CheckpointLogBytes = 256L << 20, CheckpointIntervalMs = 1 << 30, CommitIntervalMs = 1000 };
    private static readonly VolumeOptions s_little = s_plenty with { MemoryBytes = 16L << 20 };

    public int Execute()
    {
        try
        {
            SeededRandom random = new(seed);
            SimulatedRuntime runtime = new(seed);
            using SimulatedBlockDevice device = new(runtime, DeviceBytes);
            runtime.Run(() => Volume.FormatAsync(device, new FormatOptions { SegmentBytes = Limits.MinSegmentBytes, Compression = CodecKind.Lz4 }, runtime.Seams));
            using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, s_plenty, runtime.Seams)));
            Outcome made = runtime.RunToEnd(() => driver.MakeDirectoryAsync(Limits.RootInode, "task0", 0x1ED, Operation.Root));
            History history = new(ModelState.Create(made.Inode, 0x1ED, 0, 0));
            int acknowledged = runtime.RunToEnd(() => GrowAsync(driver, history, random));
            CrashImage image = device.PeekCut(CutPolicy.Random(random.Next()));
            Bounds bounds = new([acknowledged], [history.Steps.Count]);
            return new RecoveryCuts([history], s_little, random.Next()) { MaxSecondCuts = SecondCuts }.Check(image, bounds);
        }
        catch (Exception failure)
        {
            throw CrashFailure.At(Kind, seed, 0, failure.Message, failure);
        }
    }

    /// <summary>Many files with attributes that fill a third of a page each; what was completed at the last sync.</summary>
    private static async ValueTask<int> GrowAsync(VolumeDriver driver, History history, SeededRandom random)
    {
        int files = random.Between(500, 700);
        for (int i = 0; i < files; i++)
        {
            ulong inode = await StepAsync(driver, history, new CreateOperation(history.Root, $"file{i}", 0x81A4, 0, Operation.Root, false));
            for (int x = 0; x < AttributesPerFile; x++)
            {
                await StepAsync(driver, history, new SetXattrOperation(inode, $"user.{x}", random.Data(random.Between(1500, 2000)), 0));
            }
            if (random.OneIn(8))
            {
                await StepAsync(driver, history, new UnlinkOperation(history.Root, $"file{i}"));
            }
        }
        int synced = await driver.Volume.SyncAsync();
        int completed = history.Completed;
        await StepAsync(driver, history, new MakeDirectoryOperation(history.Root, "after", 0x1ED, Operation.Root));
        return synced == 0 ? completed : throw new CrashFailure($"sync failed with {synced}");
    }

    private static async ValueTask<ulong> StepAsync(VolumeDriver driver, History history, Operation operation)
    {
        Step step = history.Begin(operation, history.Steps.Count);
        Outcome outcome = await operation.RunAsync(driver);
        (int errno, ModelState after) = operation.Apply(step.Before, outcome);
        if (outcome.Errno != 0 || errno != 0)
        {
            throw new CrashFailure($"{Difference.Shorten(operation)} gave errno {outcome.Errno}");
        }
        step.End(history.Steps.Count, after);
        history.Complete(step);
        return outcome.Inode;
    }
}
