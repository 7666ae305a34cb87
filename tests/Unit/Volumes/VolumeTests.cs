using System.Runtime.InteropServices;
using System.Text;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Xunit;

namespace Txlfs.Tests.Unit.Volumes;

public class VolumeTests
{
    private static readonly Caller Root = new(0, 0, 1);
    private static readonly VolumeOptions Small = new() { MemoryBytes = 24 << 20 };

    [Theory]
    [InlineData(CodecKind.Lz4, ChecksumKind.Crc32c)]
    [InlineData(CodecKind.Zstd, ChecksumKind.Xxh3)]
    [InlineData(CodecKind.Snappy, ChecksumKind.Sha256)]
    [InlineData(CodecKind.None, ChecksumKind.Crc32c)]
    public void WhatIsWrittenIsThereAfterCloseAndAfterACrash(CodecKind codec, ChecksumKind checksum)
    {
        var runtime = new SimulatedRuntime(11);
        using var device = new SimulatedBlockDevice(runtime, 64L << 20);
        runtime.RunToEnd(Volume.FormatAsync(device, new FormatOptions { SegmentBytes = 2 << 20, Compression = codec, Checksum = checksum, Label = "test" }, runtime.Seams));
        byte[] content = Bytes(300_000, 5);
        ulong inode;
        using (Volume volume = Open(runtime, device, Small))
        {
            inode = runtime.RunToEnd(() => WithName("file", name => volume.CreateAsync(Limits.RootInode, name, 0x81A4, 0, Root, false))).Value.Inode;
            Assert.Equal(content.Length, Write(runtime, volume, inode, 0, content));
            Assert.Equal(0, runtime.RunToEnd(volume.SyncAsync()));
        }
        using (Volume volume = Open(runtime, device, Small))
        {
            Assert.False(volume.Recovery.WasClean);
            Assert.True(volume.Recovery.ReplayedCommits >= 2);
            Assert.Equal(content, Read(runtime, volume, inode, content.Length + 10));
            Assert.Empty(runtime.RunToEnd(volume.VerifyAsync()));
            Assert.Equal(0, runtime.RunToEnd(volume.CloseAsync()));
        }
        using (Volume volume = Open(runtime, device, Small))
        {
            Assert.True(volume.Recovery.WasClean);
            Assert.Equal(content, Read(runtime, volume, inode, content.Length + 10));
        }
    }

    [Fact]
    public void AReadOnlyVolumeShowsTheLogAndTakesNothing()
    {
        var runtime = new SimulatedRuntime(12);
        using var device = new SimulatedBlockDevice(runtime, 64L << 20);
        runtime.RunToEnd(Volume.FormatAsync(device, new FormatOptions { SegmentBytes = 2 << 20 }, runtime.Seams));
        using (Volume volume = Open(runtime, device, Small))
        {
            runtime.RunToEnd(() => WithName("kept", name => volume.CreateAsync(Limits.RootInode, name, 0x81A4, 0, Root, false)));
            Assert.Equal(0, runtime.RunToEnd(volume.SyncAsync()));
        }
        long writes = device.Counters.Writes;
        using Volume readOnly = Open(runtime, device, Small with { IsReadOnly = true });
        Assert.Equal(0, runtime.RunToEnd(() => WithName("kept", name => readOnly.LookupAsync(Limits.RootInode, name))).Errno);
        Assert.Equal(Errno.EROFS, runtime.RunToEnd(() => WithName("new", name => readOnly.CreateAsync(Limits.RootInode, name, 0x81A4, 0, Root, false))).Errno);
        Assert.Equal(writes, device.Counters.Writes);
    }

    [Fact]
    public void AnInterruptedFormatIsNoVolume()
    {
        for (long stopAt = 1; stopAt < 40; stopAt++)
        {
            var runtime = new SimulatedRuntime(13);
            using var device = new SimulatedBlockDevice(runtime, 64L << 20);
            CrashImage? image = null;
            bool isComplete = false;
            device.OnEvent = e => image = e.Number == stopAt && !isComplete ? device.PeekCut(CutPolicy.Random((ulong)stopAt)) : image;
            runtime.RunToEnd(Volume.FormatAsync(device, new FormatOptions { SegmentBytes = 2 << 20 }, runtime.Seams));
            isComplete = true;
            if (image is null)
            {
                return;
            }
            using var cut = SimulatedBlockDevice.FromImage(runtime, image);
            try
            {
                using Volume volume = Open(runtime, cut, Small);
                Assert.Empty(runtime.RunToEnd(volume.VerifyAsync()));
            }
            catch (VolumeException refused)
            {
                Assert.NotEmpty(refused.Message);
            }
        }
    }

    /// <summary>The page cache has its least size and the checkpoints are far apart: creating much more than fits must go on, and stay right.</summary>
    [Fact]
    public void AnIndexLargerThanMemoryIsBuiltAndReadBack()
    {
        var runtime = new SimulatedRuntime(14);
        using var device = new SimulatedBlockDevice(runtime, 128L << 20);
        runtime.RunToEnd(Volume.FormatAsync(device, new FormatOptions { SegmentBytes = 2 << 20 }, runtime.Seams));
        const int files = 30_000;
        using (Volume volume = Open(runtime, device, new VolumeOptions { MemoryBytes = 16 << 20, CheckpointLogBytes = 64 << 20 }))
        {
            for (int i = 0; i < files; i++)
            {
                Assert.Equal(0, runtime.RunToEnd(() => WithName($"a file with a fairly long name to fill pages {i}", name => volume.CreateAsync(Limits.RootInode, name, 0x81A4, 0, Root, false))).Errno);
            }
            Assert.Equal(0, runtime.RunToEnd(volume.SyncAsync()));
        }
        // A machine of its own: the first one may still be in the middle of a checkpoint, and its memory is gone.
        var later = new SimulatedRuntime(15);
        using SimulatedBlockDevice left = SimulatedBlockDevice.FromImage(later, device.PeekCut(CutPolicy.DropAll));
        using (Volume volume = Open(later, left, new VolumeOptions { MemoryBytes = 16 << 20 }))
        {
            Assert.Empty(later.RunToEnd(volume.VerifyAsync()));
            Assert.Equal((ulong)files + 1, volume.Statistics().Inodes);
        }
    }

    /// <summary>Fills the volume with incompressible files; then everything is deleted and the space comes back (contract 4).</summary>
    [Fact]
    public void AFullVolumeSaysSoAndDeletingGivesTheSpaceBack()
    {
        var runtime = new SimulatedRuntime(15);
        using var device = new SimulatedBlockDevice(runtime, 40L << 20);
        runtime.RunToEnd(Volume.FormatAsync(device, new FormatOptions { SegmentBytes = 2 << 20 }, runtime.Seams));
        using Volume volume = Open(runtime, device, Small);
        byte[] content = Bytes(1 << 20, 9);
        int[] filled = new int[2];
        for (int round = 0; round < 2; round++)
        {
            int written = 0;
            int result;
            do
            {
                string file = $"f{written}";
                ulong inode = runtime.RunToEnd(() => WithName(file, name => volume.CreateAsync(Limits.RootInode, name, 0x81A4, 0, Root, false))).Value.Inode;
                result = inode == 0 ? -Errno.ENOSPC : Write(runtime, volume, inode, 0, content);
                written++;
            }
            while (result == content.Length && written < 100);
            Assert.True(result is -Errno.ENOSPC || (result > 0 && result < content.Length), $"result {result}");
            filled[round] = written;
            for (int i = 0; i < written; i++)
            {
                string file = $"f{i}";
                int removed = runtime.RunToEnd(() => WithName(file, name => volume.UnlinkAsync(Limits.RootInode, name, Root)));
                Assert.True(removed is 0 or -Errno.ENOENT, $"unlink {removed}");
            }
            Assert.Empty(runtime.RunToEnd(volume.VerifyAsync()));
            Assert.Equal(0, runtime.RunToEnd(volume.CheckpointAsync()));
        }

        // On so small a volume what is kept for heads, checkpoints, deletes and the cleaner is nearly half.
        Assert.True(filled[0] >= 18, $"only {filled[0]} MiB of 40 could be used");
        Assert.InRange(filled[1], filled[0] - 3, filled[0] + 3);
    }

    [Fact]
    public void DamagedSuperblocksAreReplacedByTheirCopies()
    {
        var runtime = new SimulatedRuntime(16);
        using var device = new SimulatedBlockDevice(runtime, 64L << 20);
        runtime.RunToEnd(Volume.FormatAsync(device, new FormatOptions { SegmentBytes = 2 << 20 }, runtime.Seams));
        long[] copies = [0, (2 << 20) - 4096, (64L << 20) - 4096];
        foreach (long[] damaged in (long[][])[[copies[0]], [copies[1]], [copies[2]], [copies[0], copies[1]], [copies[1], copies[2]]])
        {
            Array.ForEach(damaged, copy => device.CorruptAtRest(copy, 512, 1));
            int before = runtime.Log.Messages.Count();
            using (Open(runtime, device, Small))
            {
                string[] said = [.. runtime.Log.Messages.Skip(before).Select(message => message.Message)];
                Assert.Equal(damaged[0] == 0, said.Any(line => line.Contains("first superblock is bad", StringComparison.Ordinal)));

                // Mended: whichever is damaged next, the others are there.
                Assert.Equal(damaged.Length, said.Count(line => line.EndsWith("mended", StringComparison.Ordinal)));
            }
        }
        Array.ForEach(copies, copy => device.CorruptAtRest(copy, 512, 1));
        Assert.Throws<VolumeException>(() => Open(runtime, device, Small));
    }

    [Fact]
    public void ADeviceThatLiesAboutFlushesIsReported()
    {
        var runtime = new SimulatedRuntime(17);
        using var device = new SimulatedBlockDevice(runtime, 64L << 20);
        runtime.RunToEnd(Volume.FormatAsync(device, new FormatOptions { SegmentBytes = 2 << 20 }, runtime.Seams));
        using Volume volume = Open(runtime, device, Small);
        device.Faults.EveryFlushLies = true;
        for (int i = 0; i < 20; i++)
        {
            runtime.RunToEnd(() => WithName($"n{i}", name => volume.CreateAsync(Limits.RootInode, name, 0x81A4, 0, Root, false)));
            runtime.RunToEnd(volume.SyncAsync());
        }
        bool isReported = false;
        for (ulong seed = 1; seed < 40 && !isReported; seed++)
        {
            using var cut = SimulatedBlockDevice.FromImage(runtime, device.PeekCut(CutPolicy.Random(seed)));
            using Volume after = Open(runtime, cut, Small);
            isReported = after.Recovery.BrokenPromise != 0;
            Assert.Empty(runtime.RunToEnd(after.VerifyAsync()));
        }
        Assert.True(isReported, "no cut was recognised as a broken promise");
    }

    private static Volume Open(SimulatedRuntime runtime, IBlockDevice device, VolumeOptions options) => runtime.RunToEnd(Volume.OpenAsync(device, options, runtime.Seams));

    private static byte[] Bytes(int length, ulong seed)
    {
        var bytes = new byte[length];
        new Xoshiro256(seed).Fill(bytes);
        return bytes;
    }

    private static unsafe int Write(SimulatedRuntime runtime, Volume volume, ulong inode, long offset, byte[] content)
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)content.Length, 4096);
        content.CopyTo(new Span<byte>(memory, content.Length));
        int result = runtime.RunToEnd(volume.WriteAsync(inode, offset, new NativeSlice(memory, content.Length), WriteOptions.None, Root));
        NativeMemory.AlignedFree(memory);
        return result;
    }

    private static unsafe byte[] Read(SimulatedRuntime runtime, Volume volume, ulong inode, int length)
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)length, 4096);
        int result = runtime.RunToEnd(volume.ReadAsync(inode, 0, new NativeSlice(memory, length)));
        Assert.True(result >= 0, $"read {result}");
        byte[] bytes = new Span<byte>(memory, result).ToArray();
        NativeMemory.AlignedFree(memory);
        return bytes;
    }

    private static async ValueTask<T> WithName<T>(string name, Func<NativeSlice, ValueTask<T>> use)
    {
        nint memory = Marshal.StringToCoTaskMemUTF8(name);
        try
        {
            return await use(Slice(memory, Encoding.UTF8.GetByteCount(name)));
        }
        finally
        {
            Marshal.FreeCoTaskMem(memory);
        }
    }

    private static unsafe NativeSlice Slice(nint memory, int length) => new((byte*)memory, length);
}
