using System.Runtime.InteropServices;
using System.Text;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Xunit;

namespace Txlfs.Tests.Unit.Shape;

/// <summary>A volume on the simulated device, and files of known content on it.</summary>
internal sealed class SimulatedVolume(SimulatedRuntime runtime, SimulatedBlockDevice device) : IDisposable
{
    public const int SegmentBytes = 2 << 20;
    private static readonly Caller Root = new(0, 0, 1);
    private readonly nint _memory = NewMemory();
    private const int MaxBytes = 1 << 20;

    public SimulatedRuntime Runtime => runtime;
    public SimulatedBlockDevice Device => device;
    public Volume Volume { get; private set; } = null!;

    public static SimulatedVolume Format(ulong seed, long lengthBytes, long volumeBytes = 0)
    {
        var runtime = new SimulatedRuntime(seed);
        var device = new SimulatedBlockDevice(runtime, lengthBytes);
        runtime.RunToEnd(Volume.FormatAsync(device, new FormatOptions { SegmentBytes = SegmentBytes, Label = "before", DeviceBytes = volumeBytes }, runtime.Seams));
        return new SimulatedVolume(runtime, device).Open();
    }

    /// <summary>What a cut left, mounted.</summary>
    public static SimulatedVolume FromCut(SimulatedRuntime runtime, CrashImage image) => new SimulatedVolume(runtime, SimulatedBlockDevice.FromImage(runtime, image)).Open();

    public SimulatedVolume Open(bool isReadOnly = false)
    {
        Volume = runtime.RunToEnd(Volume.OpenAsync(device, new VolumeOptions { MemoryBytes = 24 << 20, IsReadOnly = isReadOnly }, runtime.Seams));
        return this;
    }

    public void Reopen()
    {
        Assert.Equal(0, runtime.RunToEnd(Volume.CloseAsync()));
        Volume.Dispose();
        Open();
    }

    public void Crash() => Volume.Dispose();

    public ValueTask<OpResult<InodeAttributes>> CreateAsync(string name) => WithName(name, bytes => Volume.CreateAsync(Limits.RootInode, bytes, 0x81A4, 0, Root, false));

    public OpResult<InodeAttributes> Lookup(string name) => runtime.RunToEnd(() => WithName(name, bytes => Volume.LookupAsync(Limits.RootInode, bytes)));

    /// <summary>A new file of random bytes that depend on its name. 0 or -errno.</summary>
    public int WriteFile(string name, int lengthBytes)
    {
        OpResult<InodeAttributes> made = runtime.RunToEnd(() => CreateAsync(name));
        return made.IsOk ? WriteFile(made.Value.Inode, name, lengthBytes) : -made.Errno;
    }

    public int WriteFile(ulong inode, string name, int lengthBytes)
    {
        NativeSlice slice = Slice(lengthBytes);
        Content(name, lengthBytes).CopyTo(slice.Span);
        int written = runtime.RunToEnd(Volume.WriteAsync(inode, 0, slice, WriteOptions.None, Root));
        return written < 0 ? written : 0;
    }

    public int Unlink(string name) => runtime.RunToEnd(() => WithName(name, bytes => Volume.UnlinkAsync(Limits.RootInode, bytes, Root)));

    public void CheckFile(string name, int lengthBytes)
    {
        OpResult<InodeAttributes> found = Lookup(name);
        Assert.True(found.IsOk, $"{name} is not there: errno {found.Errno}");
        NativeSlice slice = Slice(lengthBytes);
        Assert.Equal(lengthBytes, runtime.RunToEnd(Volume.ReadAsync(found.Value.Inode, 0, slice)));
        Assert.True(slice.Span.SequenceEqual(Content(name, lengthBytes)), $"{name} has other content");
    }

    public void Sync() => Assert.Equal(0, runtime.RunToEnd(Volume.SyncAsync()));

    public void CheckClean() => Assert.Empty(runtime.RunToEnd(Volume.VerifyAsync()));

    public unsafe void Dispose()
    {
        Volume.Dispose();
        NativeMemory.AlignedFree((void*)_memory);
    }

    private unsafe NativeSlice Slice(int lengthBytes) => new((byte*)_memory, lengthBytes);

    private static unsafe nint NewMemory() => (nint)NativeMemory.AlignedAlloc(MaxBytes, 4096);

    private static byte[] Content(string name, int lengthBytes)
    {
        var bytes = new byte[lengthBytes];
        new Xoshiro256(Model.Hashing.Of(name)).Fill(bytes);
        return bytes;
    }

    private static async ValueTask<T> WithName<T>(string name, Func<NativeSlice, ValueTask<T>> use)
    {
        nint memory = Marshal.StringToCoTaskMemUTF8(name);
        try
        {
            return await use(NameSlice(memory, Encoding.UTF8.GetByteCount(name)));
        }
        finally
        {
            Marshal.FreeCoTaskMem(memory);
        }
    }

    private static unsafe NativeSlice NameSlice(nint memory, int length) => new((byte*)memory, length);
}
