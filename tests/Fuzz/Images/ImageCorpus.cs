using Txlfs.Journal.Codec;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>The sound volumes that mutants are made of: each format option once, with records of every kind, a log behind the checkpoint, and a map of two levels in one.</summary>
internal static class ImageCorpus
{
    private const uint RegularMode = 0x81A4, DirectoryMode = 0x1ED, FifoMode = 0x11A4;
    private const int SegmentBytes = 2 << 20;
    private const long DeviceBytes = 26L << 20;

    private static readonly Variant[] Variants =
    [
        new(CodecKind.Lz4, ChecksumKind.Crc32c, Files: 40, EndsClean: false),
        new(CodecKind.Lz4, ChecksumKind.Crc32c, Files: 700, EndsClean: false),
        new(CodecKind.Zstd, ChecksumKind.Xxh3, Files: 40, EndsClean: true),
        new(CodecKind.None, ChecksumKind.Sha256, Files: 60, EndsClean: false),
        new(CodecKind.Snappy, ChecksumKind.Crc32c, Files: 25, EndsClean: true),
    ];

    private static readonly Lazy<CrashImage>[] Images = [.. Variants.Select(variant => new Lazy<CrashImage>(() => Build(variant)))];

    public static int Count => Variants.Length;

    /// <summary>An independent copy.</summary>
    public static SparseImage Copy(int variant) => Images[variant].Value.Copy();

    private sealed record Variant(CodecKind Codec, ChecksumKind Checksum, int Files, bool EndsClean);

    private static CrashImage Build(Variant variant)
    {
        var runtime = new SimulatedRuntime((ulong)variant.Files);
        using var device = new SimulatedBlockDevice(runtime, DeviceBytes);
        runtime.RunToEnd(() => FillAsync(device, runtime, variant));
        return device.PowerCut(CutPolicy.KeepAll);
    }

    private static async ValueTask<int> FillAsync(SimulatedBlockDevice device, SimulatedRuntime runtime, Variant variant)
    {
        await Volume.FormatAsync(device, new FormatOptions { SegmentBytes = SegmentBytes, Compression = variant.Codec, Checksum = variant.Checksum, Label = "fuzz" }, runtime.Seams);
        using VolumeDriver driver = new(await Volume.OpenAsync(device, new VolumeOptions { MemoryBytes = 24 << 20 }, runtime.Seams));
        SeededRandom random = new(runtime.Seed);
        ulong deep = await MakeTreeAsync(driver, random, variant.Files);
        Require(await driver.Volume.CheckpointAsync(), "checkpoint");
        await ChangeAsync(driver, random, deep, variant.Files);
        Require(variant.EndsClean ? await driver.Volume.CloseAsync() : await driver.Volume.SyncAsync(), "the last sync");
        return 0;
    }

    /// <summary>Three directories in each other; the number of the innermost.</summary>
    private static async ValueTask<ulong> MakeTreeAsync(VolumeDriver driver, SeededRandom random, int files)
    {
        ulong directory = Limits.RootInode;
        for (int depth = 0; depth < 3; depth++)
        {
            directory = Require(await driver.MakeDirectoryAsync(directory, $"directory{depth}", DirectoryMode, Operation.Root)).Inode;
        }
        for (int i = 0; i < files; i++)
        {
            ulong file = await WriteFileAsync(driver, directory, $"inline{i}", random.Data(random.Between(1, 2000)));
            if (i % 8 == 0)
            {
                Require(await driver.SetXattrAsync(file, "user.short", random.Data(20), 0, Operation.Root));
            }
        }
        ulong large = await WriteFileAsync(driver, Limits.RootInode, "large", random.Data(400_000));
        await WriteFileAsync(driver, Limits.RootInode, "noise", Noise(random, 300_000));
        Require(await driver.SetXattrAsync(large, "user.long", random.Data(20_000), 0, Operation.Root));
        Require(await driver.SetXattrAsync(directory, "system.posix_acl_default", Acl(), 0, Operation.Root));
        Require(await driver.LinkAsync(large, directory, "second-name", Operation.Root));
        Require(await driver.SymlinkAsync(Limits.RootInode, "symlink", "directory0/directory1", Operation.Root));
        Require(await driver.SymlinkAsync(Limits.RootInode, "long-symlink", new string('x', 3000), Operation.Root));
        Require(await driver.CreateAsync(directory, "fifo", FifoMode, 0, Operation.Root, false));
        Outcome sparse = Require(await driver.CreateAsync(Limits.RootInode, "sparse", RegularMode, 0, Operation.Root, false));
        Require(await driver.WriteAsync(sparse.Inode, 40L << 20, random.Data(9000), WriteOptions.None, Operation.Root));
        Require(await driver.Volume.FallocateAsync(sparse.Inode, FallocateMode.None, 1 << 20, 200_000, Operation.Root), "fallocate");
        return directory;
    }

    /// <summary>What the log behind the checkpoint holds: new, changed, moved and removed things, and an inode that is open without a name.</summary>
    private static async ValueTask ChangeAsync(VolumeDriver driver, SeededRandom random, ulong directory, int files)
    {
        for (int i = 0; i < files; i += 3)
        {
            Require(await driver.UnlinkAsync(directory, $"inline{i}", Operation.Root));
        }
        Require(await driver.Volume.SyncAsync(), "sync");
        await WriteFileAsync(driver, directory, "later", random.Data(70_000));
        Require(await driver.RenameAsync(Limits.RootInode, "symlink", directory, "moved", RenameFlags.None, Operation.Root));
        Require(await driver.Volume.SyncAsync(), "sync");
        ulong orphan = Require(await driver.CreateTemporaryAsync(directory, RegularMode, Operation.Root)).Inode;
        Require(await driver.WriteAsync(orphan, 0, random.Data(200_000), WriteOptions.None, Operation.Root));
        ulong large = Require(await driver.LookupAsync(Limits.RootInode, "large")).Inode;
        Require(await driver.WriteAsync(large, 50_000, random.Data(30_000), WriteOptions.None, Operation.Root));
    }

    private static async ValueTask<ulong> WriteFileAsync(VolumeDriver driver, ulong directory, string name, byte[] content)
    {
        ulong inode = Require(await driver.CreateAsync(directory, name, RegularMode, 0, Operation.Root, false)).Inode;
        Require(await driver.WriteAsync(inode, 0, content, WriteOptions.None, Operation.Root));
        return inode;
    }

    private static byte[] Noise(SeededRandom random, int lengthBytes)
    {
        var noise = new byte[lengthBytes];
        new Xoshiro256(random.Next()).Fill(noise);
        return noise;
    }

    /// <summary>user::rwx group::r-x other::r-x, as the kernel writes it.</summary>
    private static byte[] Acl() => [2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 4, 0, 5, 0, 255, 255, 255, 255, 32, 0, 5, 0, 255, 255, 255, 255];

    private static Outcome Require(Outcome outcome)
        => outcome.Errno == 0 ? outcome : throw new InvalidOperationException($"the corpus cannot be made: errno {outcome.Errno}");

    private static void Require(int result, string what)
    {
        if (result < 0)
        {
            throw new InvalidOperationException($"the corpus cannot be made: {what} gave errno {-result}");
        }
    }
}
