using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;
using Xunit;

namespace Txlfs.Tests.Crash;

/// <summary>Contract 2: what has rotted on the medium is EIO and is named, never returned.</summary>
public class RotTests
{
    private const int FileBytes = 96 * 1024;

    [Fact]
    public void RottenDataIsAnErrorThatNamesTheFileAndOtherFilesStayReadable()
    {
        SimulatedRuntime runtime = new(7);
        using SimulatedBlockDevice device = new(runtime, 64 << 20);
        SeededRandom random = new(7);
        byte[] first = Incompressible(random), second = Incompressible(random);
        (ulong a, ulong b) = runtime.RunToEnd(() => FillAsync(device, runtime, first, second));
        long address = Find(device, first.AsSpan(40960, 4096));
        Assert.True(address >= 0, "the file's data was not found on the device");
        device.CorruptAtRest(address + 100, 3, 9);
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, new VolumeOptions(), runtime.Seams)));
        Outcome broken = runtime.RunToEnd(() => driver.ReadAsync(a, 40960, 4096));
        Assert.Equal(Errno.EIO, broken.Errno);
        Assert.Contains(runtime.Log.Messages, entry => entry.Message.Contains(a.ToString(), StringComparison.Ordinal));
        Outcome whole = runtime.RunToEnd(() => driver.ReadAsync(b, 0, FileBytes));
        Assert.Equal(second, whole.Data);
    }

    [Fact]
    public void RotAnywhereIsNeverReturnedAsData()
    {
        for (ulong seed = 1; seed <= 150; seed++)
        {
            RotAnywhere(seed);
        }
    }

    private static void RotAnywhere(ulong seed)
    {
        SimulatedRuntime runtime = new(seed);
        using SimulatedBlockDevice device = new(runtime, 48 << 20);
        SeededRandom random = new(seed);
        byte[] first = random.Data(FileBytes), second = random.Data(FileBytes);
        (ulong a, ulong b) = runtime.RunToEnd(() => FillAsync(device, runtime, first, second));
        for (int i = 0; i < 4; i++)
        {
            device.CorruptAtRest(random.Below((4 << 20) / 64) * 64L, random.Between(1, 64), random.Next());
        }
        try
        {
            using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, new VolumeOptions(), runtime.Seams)));
            foreach ((ulong inode, byte[] data) in new[] { (a, first), (b, second) })
            {
                Outcome read = runtime.RunToEnd(() => driver.ReadAsync(inode, 0, FileBytes));
                Assert.True(read.Errno == Errno.EIO || (read.Errno == 0 && read.Data.AsSpan().SequenceEqual(data)), $"seed {seed}: errno {read.Errno}");
            }
        }
        catch (VolumeException)
        {
            // Rot in what a mount needs, in every copy of it: a clear refusal is right too.
        }
    }

    private static async ValueTask<(ulong First, ulong Second)> FillAsync(SimulatedBlockDevice device, SimulatedRuntime runtime, byte[] first, byte[] second)
    {
        await Volume.FormatAsync(device, new FormatOptions { SegmentBytes = Limits.MinSegmentBytes, Compression = CodecKind.Lz4 }, runtime.Seams);
        using VolumeDriver driver = new(await Volume.OpenAsync(device, new VolumeOptions(), runtime.Seams));
        ulong a = (await driver.CreateAsync(Limits.RootInode, "first", 0x81A4, 0, Operation.Root, false)).Inode;
        ulong b = (await driver.CreateAsync(Limits.RootInode, "second", 0x81A4, 0, Operation.Root, false)).Inode;
        Assert.Equal(FileBytes, (await driver.WriteAsync(a, 0, first, WriteOptions.None, Operation.Root)).Count);
        Assert.Equal(FileBytes, (await driver.WriteAsync(b, 0, second, WriteOptions.None, Operation.Root)).Count);
        Assert.Equal(0, await driver.Volume.CloseAsync());
        return (a, b);
    }

    private static byte[] Incompressible(SeededRandom random)
    {
        byte[] data = new byte[FileBytes];
        for (int i = 0; i < data.Length; i += 8)
        {
            BitConverter.TryWriteBytes(data.AsSpan(i), random.Next());
        }
        return data;
    }

    private static long Find(SimulatedBlockDevice device, ReadOnlySpan<byte> pattern)
    {
        byte[] all = new byte[device.LengthBytes];
        device.Peek(0, all);
        return all.AsSpan().IndexOf(pattern);
    }
}
