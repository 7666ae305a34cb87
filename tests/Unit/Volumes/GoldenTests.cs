using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Xunit;

namespace Txlfs.Tests.Unit.Volumes;

/// <summary>
/// Images of every format that was ever released must stay readable, byte for byte. A new format adds an image; none is ever replaced. One is made by running
/// this test with TXLFS_WRITE_GOLDEN set to the file to write (brotli), and added to tests/Unit/Volumes/Golden.
/// </summary>
public class GoldenTests
{
    private const int SegmentBytes = 2 << 20;
    private const long DeviceBytes = 24L << 20;
    private static readonly Caller Root = new(0, 0, 1);

    [Theory]
    [InlineData("format-1.img.br")]
    public void AnImageOfAReleasedFormatIsReadAsItWasWritten(string resource)
    {
        if (Environment.GetEnvironmentVariable("TXLFS_WRITE_GOLDEN") is { Length: > 0 } path)
        {
            WriteGolden(path);
        }
        var runtime = new SimulatedRuntime(1);
        using SimulatedBlockDevice device = Load(runtime, resource);
        using Volume volume = runtime.RunToEnd(Volume.OpenAsync(device, new VolumeOptions { MemoryBytes = 24 << 20 }, runtime.Seams));
        Assert.Equal("golden", volume.Label);
        Assert.False(volume.Recovery.WasClean);
        Assert.True(volume.Recovery.ReplayedCommits > 0);
        Assert.Empty(runtime.RunToEnd(volume.VerifyAsync()));
        ulong directory = Find(runtime, volume, Limits.RootInode, "directory").Inode;
        foreach ((string name, byte[] content) in Contents())
        {
            InodeAttributes file = Find(runtime, volume, directory, name);
            Assert.Equal(content.Length, file.SizeBytes);
            Assert.Equal(content, Read(runtime, volume, file.Inode, content.Length + 1));
        }
        InodeAttributes linked = Find(runtime, volume, Limits.RootInode, "link");
        Assert.Equal(2u, linked.Nlink);
        InodeAttributes symlink = Find(runtime, volume, Limits.RootInode, "symlink");
        Assert.True(symlink.IsSymlink);
        Assert.Equal("directory/inline"u8.ToArray(), InMemory(64, slice => runtime.RunToEnd(volume.ReadLinkAsync(symlink.Inode, slice))));
        Assert.Equal("value"u8.ToArray(), InMemory(64, slice => runtime.RunToEnd(() => WithName("user.key", name => volume.GetXattrAsync(directory, name, slice)))));
    }

    private static IEnumerable<(string Name, byte[] Content)> Contents()
    {
        yield return ("inline", "a small file lives in the index"u8.ToArray());
        yield return ("compressible", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 30_000).Select(i => $"line {i}\n"))));
        var noise = new byte[150_000];
        new Xoshiro256(77).Fill(noise);
        yield return ("noise", noise);
    }

    private static void WriteGolden(string path)
    {
        var runtime = new SimulatedRuntime(1);
        using var device = new SimulatedBlockDevice(runtime, DeviceBytes);
        runtime.RunToEnd(Volume.FormatAsync(device, new FormatOptions { SegmentBytes = SegmentBytes, Label = "golden" }, runtime.Seams));
        using (Volume volume = runtime.RunToEnd(Volume.OpenAsync(device, new VolumeOptions { MemoryBytes = 24 << 20 }, runtime.Seams)))
        {
            ulong directory = runtime.RunToEnd(() => WithName("directory", name => volume.MakeDirectoryAsync(Limits.RootInode, name, 0x1ED, Root))).Value.Inode;
            Assert.Equal(0, runtime.RunToEnd(volume.CheckpointAsync()));
            foreach ((string file, byte[] content) in Contents())
            {
                ulong inode = runtime.RunToEnd(() => WithName(file, name => volume.CreateAsync(directory, name, 0x81A4, 0, Root, false))).Value.Inode;
                InMemory(content.Length, slice =>
                {
                    content.CopyTo(slice.Span);
                    return runtime.RunToEnd(volume.WriteAsync(inode, 0, slice, WriteOptions.None, Root));
                });
            }
            ulong noise = Find(runtime, volume, directory, "noise").Inode;
            runtime.RunToEnd(() => WithName("link", name => volume.LinkAsync(noise, Limits.RootInode, name, Root)));
            runtime.RunToEnd(() => WithName("symlink", name => WithName("directory/inline", target => volume.SymlinkAsync(Limits.RootInode, name, target, Root))));
            runtime.RunToEnd(() => WithName("user.key", name => WithName("value", value => volume.SetXattrAsync(directory, name, value, 0, Root))));
            Assert.Equal(0, runtime.RunToEnd(volume.SyncAsync()));
        }
        using var file2 = new BrotliStream(new FileStream(path, FileMode.CreateNew), CompressionLevel.SmallestSize);
        device.PowerCut(CutPolicy.KeepAll).CopyTo(file2);
    }

    private static unsafe SimulatedBlockDevice Load(SimulatedRuntime runtime, string resource)
    {
        using Stream packed = typeof(GoldenTests).Assembly.GetManifestResourceStream(resource) ?? throw new InvalidOperationException($"{resource} is not in the test assembly");
        using var unpacked = new BrotliStream(packed, CompressionMode.Decompress);
        var image = new byte[DeviceBytes];
        unpacked.ReadExactly(image);
        var device = new SimulatedBlockDevice(runtime, DeviceBytes);
        byte* memory = (byte*)NativeMemory.AlignedAlloc(1 << 20, 4096);
        for (int at = 0; at < image.Length; at += 1 << 20)
        {
            image.AsSpan(at, 1 << 20).CopyTo(new Span<byte>(memory, 1 << 20));
            Assert.Equal(0, runtime.RunToEnd(device.WriteAsync(at, new NativeSlice(memory, 1 << 20))));
        }
        NativeMemory.AlignedFree(memory);
        return device;
    }

    private static InodeAttributes Find(SimulatedRuntime runtime, Volume volume, ulong parent, string file)
    {
        OpResult<InodeAttributes> found = runtime.RunToEnd(() => WithName(file, name => volume.LookupAsync(parent, name)));
        Assert.Equal(0, found.Errno);
        return found.Value;
    }

    private static byte[] Read(SimulatedRuntime runtime, Volume volume, ulong inode, int length)
        => InMemory(length, slice => runtime.RunToEnd(volume.ReadAsync(inode, 0, slice)));

    /// <summary>Native memory for one call; what the call says it has used comes back.</summary>
    private static unsafe byte[] InMemory(int length, Func<NativeSlice, int> use)
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)length, 4096);
        try
        {
            int used = use(new NativeSlice(memory, length));
            Assert.True(used >= 0, $"errno {-used}");
            return new Span<byte>(memory, used).ToArray();
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
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
