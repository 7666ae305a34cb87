using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Verify;
using Xunit;

namespace Txlfs.Tests.Unit.Fsck;

/// <summary>The power goes in the middle of a repair or a rebuild: the next run ends it, and no file is lost by that.</summary>
public sealed class FsckCrashTests
{
    private const long MemoryBytes = 24L << 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ACutAnywhereInARepairIsHarmless(bool isRebuild)
    {
        using var volume = new FsckFixture(32L << 20);
        Dictionary<string, ulong> inodes = volume.Populate();
        if (isRebuild)
        {
            foreach ((_, PagePointer pointer) in volume.Pages(out _).Where(page => page.Key.Space > 0))
            {
                volume.Rot((long)pointer.AddressBytes, 16);
            }
            volume.WriteRaw(Superblock.RingOffsetBytes, new byte[Superblock.RingSlots * CheckpointRecord.SizeBytes]);
        }
        else
        {
            volume.Plant((volume.EntryKey(inodes["dir"], inodes["text"]), null), (volume.EntryKey(inodes["dir"], inodes["dir/sub"]), null),
                (FsckFixture.InodeKey(inodes["linked"]), volume.InodeValue(inodes["linked"], a => a with { Nlink = 9 })), (FsckFixture.InodeKey(inodes["inline"]), null));
            volume.Rot((32L << 20) - 4096, 100);
        }
        byte[][] contents = [.. volume.Files.Where(file => isRebuild || file.Key != "inline").Select(file => file.Value)];
        long cuts = 0;
        for (long stopAt = 1; ; stopAt += stopAt < 12 ? 1 : 3)
        {
            var runtime = new SimulatedRuntime((ulong)stopAt);
            using SimulatedBlockDevice device = Copy(runtime, volume);
            CrashImage? image = null;
            long events = 0;
            device.OnEvent = _ => image = ++events == stopAt ? device.PeekCut(CutPolicy.Random((ulong)stopAt)) : image;
            CheckReport whole = Check(runtime, device, RepairMode.All);
            Assert.Equal(0, whole.Left.Errors);
            device.OnEvent = null;
            if (image is null)
            {
                break;
            }
            cuts++;
            var later = new SimulatedRuntime((ulong)stopAt + 1000);
            using var cut = SimulatedBlockDevice.FromImage(later, image);
            CheckReport again = Check(later, cut, RepairMode.All);
            Assert.True(again.Left.Errors == 0, $"cut {stopAt}: {string.Join("; ", again.Left.Kept)}");
            Assert.Empty(Check(later, cut, RepairMode.None).Found.Kept);
            AssertAllData(later, cut, contents, stopAt);
        }
        Assert.True(cuts > 6, $"only {cuts} cuts");
    }

    private static CheckReport Check(SimulatedRuntime runtime, IBlockDevice device, RepairMode mode)
        => runtime.RunToEnd(VolumeCheck.RunAsync(device, new CheckOptions { Repair = mode, IsForced = true, MemoryBytes = MemoryBytes, ChecksData = mode == RepairMode.None }, runtime.Seams));

    private static unsafe SimulatedBlockDevice Copy(SimulatedRuntime runtime, FsckFixture volume)
    {
        var device = new SimulatedBlockDevice(runtime, volume.Device.LengthBytes);
        using var buffer = new AlignedBuffer(1 << 20);
        for (long at = 0; at < volume.Device.LengthBytes; at += buffer.LengthBytes)
        {
            Assert.Equal(0, volume.Runtime.RunToEnd(volume.Device.ReadAsync(at, buffer.Slice)));
            if (buffer.Span.ContainsAnyExcept((byte)0))
            {
                Assert.Equal(0, runtime.RunToEnd(device.WriteAsync(at, buffer.Slice)));
            }
        }
        Assert.Equal(0, runtime.RunToEnd(device.FlushAsync()));
        return device;
    }

    /// <summary>Every file's content is there under some inode, wherever a repair has put its name.</summary>
    private static void AssertAllData(SimulatedRuntime runtime, IBlockDevice device, byte[][] contents, long stopAt)
    {
        using Volume volume = runtime.RunToEnd(Volume.OpenAsync(device, new VolumeOptions { MemoryBytes = MemoryBytes, IsReadOnly = true }, runtime.Seams));
        var found = new HashSet<int>();
        for (ulong inode = 1; inode < 60; inode++)
        {
            OpResult<InodeAttributes> attributes = runtime.RunToEnd(volume.GetAttributesAsync(inode));
            if (!attributes.IsOk || !attributes.Value.IsRegular)
            {
                continue;
            }
            using var buffer = new AlignedBuffer((int)attributes.Value.SizeBytes + 1);
            int length = runtime.RunToEnd(volume.ReadAsync(inode, 0, buffer.Slice));
            for (int i = 0; i < contents.Length; i++)
            {
                if (length == contents[i].Length && buffer.Span[..length].SequenceEqual(contents[i]))
                {
                    found.Add(i);
                }
            }
        }
        Assert.True(found.Count == contents.Length, $"cut {stopAt}: {found.Count} of {contents.Length} contents are left");
    }
}
