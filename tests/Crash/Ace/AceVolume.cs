using Txlfs.Journal.Codec;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash.Ace;

/// <summary>The volume that every bounded workload begins with: as small as a volume can be, empty, made once.</summary>
public static class AceVolume
{
    private const long DeviceBytes = 24L << 20;
    private const ulong Seed = 0xACE;

    /// <summary>Nothing happens by itself: a workload has exactly the persistence points that it names.</summary>
    public static readonly VolumeOptions Options = new() { MemoryBytes = 16L << 20, CheckpointIntervalMs = 1 << 30, CommitIntervalMs = 1 << 30 };
    private static readonly Lazy<(CrashImage Image, ModelState Root)> s_made = new(Make);

    public static CrashImage Image => s_made.Value.Image;

    public static ModelState Root => s_made.Value.Root;

    private static (CrashImage, ModelState) Make()
    {
        SimulatedRuntime runtime = new(Seed);
        using SimulatedBlockDevice device = new(runtime, DeviceBytes);
        InodeAttributes root = runtime.RunToEnd(() => MakeAsync(device, runtime));
        return (device.PeekCut(CutPolicy.DropAll), ModelState.Create(root.Inode, root.Mode & 0xFFF, root.Uid, root.Gid));
    }

    private static async ValueTask<InodeAttributes> MakeAsync(SimulatedBlockDevice device, SimulatedRuntime runtime)
    {
        await Volume.FormatAsync(device, new FormatOptions { SegmentBytes = Limits.MinSegmentBytes, Compression = CodecKind.Lz4 }, runtime.Seams);
        using Volume volume = await Volume.OpenAsync(device, Options, runtime.Seams);
        OpResult<InodeAttributes> root = await volume.GetAttributesAsync(Limits.RootInode);
        int closed = await volume.CloseAsync();
        return root.IsOk && closed == 0 ? root.Value : throw new CrashFailure($"an empty volume could not be made: {root.Errno}, {closed}");
    }
}
