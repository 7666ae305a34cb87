using System.Collections.Concurrent;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Crash.Ace;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>
/// Every operation of the bounded set on a volume that has so and so little room left: it succeeds, or is ENOSPC and leaves nothing; a cut right after
/// leaves what was acknowledged; deleting works; and then the operation does.
/// </summary>
public sealed class FullCase(ulong number)
{
    private const string Kind = "full";
    private const long DeviceBytes = (9L * Limits.MinSegmentBytes) + Limits.BlockBytes;
    private const int ChunkBytes = 16 * 1024;
    private const string Filler = "filler", Work = "work";

    /// <summary>What is left below the point where the volume calls itself full, KiB: dense at the end, and up to more than a segment.</summary>
    private static readonly int[] s_roomKiB = [0, 16, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 2048, 3072];
    private static readonly ConcurrentDictionary<int, (CrashImage Image, ModelState Root)> s_volumes = new();
    private readonly AceOperation _wanted = AceSet.Operations[(int)(number % (ulong)AceSet.Operations.Count)];
    private readonly int _roomKiB = s_roomKiB[(int)(number / (ulong)AceSet.Operations.Count % (ulong)s_roomKiB.Length)];
    private History _history = null!;

    public static ulong Count => (ulong)(AceSet.Operations.Count * s_roomKiB.Length);

    public int Execute()
    {
        try
        {
            (CrashImage image, ModelState root) = s_volumes.GetOrAdd(_roomKiB, Make);
            _history = new History(root);
            SimulatedRuntime runtime = new(number);
            using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
            using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, AceVolume.Options, runtime.Seams)));
            bool hasRoom = runtime.RunToEnd(() => TryAsync(driver));
            Coverage.Count($"{Kind}: {(hasRoom ? "had room" : "ENOSPC")}");
            Require(runtime.RunToEnd(driver.Volume.SyncAsync) == 0, "sync of a full volume failed");
            CheckAfterCut(device.PeekCut(CutPolicy.DropAll));
            runtime.Run(() => DeleteFillerAsync(driver));
            Require(runtime.RunToEnd(() => TryAsync(driver)), "there is no room although nearly everything was deleted");
            Require(runtime.RunToEnd(driver.Volume.CloseAsync) == 0, "closing failed");
            CheckAfterCut(device.PeekCut(CutPolicy.DropAll));
            return 2;
        }
        catch (Exception failure)
        {
            throw CrashFailure.At(Kind, number, 0, $"{_wanted}, {_roomKiB} KiB below full\n{failure.Message}", failure);
        }
    }

    /// <summary>A volume that is filled until it says that it is full, less the room.</summary>
    private static (CrashImage, ModelState) Make(int roomKiB)
    {
        (long fullBytes, _, _) = Fill(long.MaxValue);
        (_, CrashImage image, ulong work) = Fill(fullBytes - (roomKiB * 1024L));
        return (image, ModelState.Create(work, 0x1ED, 0, 0));
    }

    private static (long FilledBytes, CrashImage Image, ulong Work) Fill(long maxBytes)
    {
        SimulatedRuntime runtime = new(17);
        using SimulatedBlockDevice device = new(runtime, DeviceBytes);
        runtime.Run(() => Volume.FormatAsync(device, new FormatOptions { SegmentBytes = Limits.MinSegmentBytes, Compression = CodecKind.None }, runtime.Seams));
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, AceVolume.Options, runtime.Seams)));
        (long filled, ulong work) = runtime.RunToEnd(() => FillAsync(driver, maxBytes));
        Require(runtime.RunToEnd(driver.Volume.CloseAsync) == 0, "a full volume cannot be closed");
        return (filled, device.PeekCut(CutPolicy.DropAll), work);
    }

    private static async ValueTask<(long FilledBytes, ulong Work)> FillAsync(VolumeDriver driver, long maxBytes)
    {
        Outcome work = await driver.MakeDirectoryAsync(Limits.RootInode, Work, 0x1ED, Operation.Root);
        Outcome file = await driver.CreateAsync(Limits.RootInode, Filler, 0x81A4, 0, Operation.Root, false);
        Require(work.Errno == 0 && file.Errno == 0, "an empty volume takes no directory and no file");
        long filled = 0;
        for (int chunk = 0; filled + ChunkBytes <= maxBytes; chunk++)
        {
            Outcome outcome = await driver.WriteAsync(file.Inode, filled, AceBinder.Pattern(chunk % 8, ChunkBytes), WriteOptions.None, Operation.Root);
            if (outcome.Errno == Errno.ENOSPC || outcome.Count < ChunkBytes)
            {
                return (filled, work.Inode);
            }
            Require(outcome.Errno == 0, $"filling failed with errno {outcome.Errno}");
            filled += outcome.Count;
        }
        return (filled, work.Inode);
    }

    /// <summary>The operation with what it needs; false at the first that finds no room.</summary>
    private async ValueTask<bool> TryAsync(VolumeDriver driver)
    {
        while (AceDependencies.Next(_history.Current, _wanted) is { } needed)
        {
            if (!await StepAsync(driver, needed))
            {
                return false;
            }
        }
        return await StepAsync(driver, AceBinder.Bind(_history.Current, _wanted, 0));
    }

    private async ValueTask<bool> StepAsync(VolumeDriver driver, Operation operation)
    {
        Step step = _history.Begin(operation, _history.Steps.Count);
        Outcome outcome = await operation.RunAsync(driver);
        (int errno, ModelState after) = operation.Apply(step.Before, outcome);
        bool isFull = outcome.Errno == Errno.ENOSPC;
        Require(isFull || outcome.Errno == errno, $"{Difference.Shorten(operation)} gave errno {outcome.Errno}, the model says {errno}");
        bool isShort = operation is WriteOperation write && !isFull && outcome.Count < write.Data.Length;
        Require(isShort || isFull || operation.Complaint(step.Before, outcome) is null, $"{Difference.Shorten(operation)}: {operation.Complaint(step.Before, outcome)}");
        step.End(_history.Steps.Count, isFull ? await LeftAsync(driver, step) : errno == 0 ? after : step.Before);
        _history.Complete(step);
        return !isFull && !isShort;
    }

    /// <summary>What an operation that found no room has left: nothing, or its first pieces where it is documented to have some.</summary>
    private async ValueTask<ModelState> LeftAsync(VolumeDriver driver, Step step)
    {
        ulong shown = await VolumeWalker.FingerprintAsync(driver, _history.Root);
        ModelState? left = step.Before.Fingerprint == shown ? step.Before : step.Intermediate.FirstOrDefault(state => state.Fingerprint == shown);
        Require(left is not null, $"{Difference.Shorten(step.Operation)} found no room and left a part of itself");
        return left!;
    }

    private static async ValueTask DeleteFillerAsync(VolumeDriver driver)
    {
        Outcome deleted = await driver.UnlinkAsync(Limits.RootInode, Filler, Operation.Root);
        Require(deleted.Errno == 0, $"deleting on a full volume failed with errno {deleted.Errno}");
        await driver.Volume.VerifyAsync();
        Require(await driver.Volume.CheckpointAsync() == 0, "a checkpoint of a full volume failed");
    }

    private void CheckAfterCut(CrashImage image)
    {
        SimulatedRuntime runtime = new(number + 1);
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, AceVolume.Options, runtime.Seams)));
        ulong shown = runtime.RunToEnd(() => VolumeWalker.FingerprintAsync(driver, _history.Root));
        Require(shown == _history.Current.Fingerprint, "a cut after the sync shows another state than was acknowledged:\n"
            + (shown == _history.Current.Fingerprint ? "" : Difference.Lines(_history.Current.Dump(), runtime.RunToEnd(() => VolumeWalker.DumpAsync(driver, _history.Root)))));
        IReadOnlyList<string> complaints = runtime.RunToEnd(driver.Volume.VerifyAsync);
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
