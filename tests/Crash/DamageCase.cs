using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>
/// Damages one block of a closed volume after the other: a flipped bit, a write that went to it by mistake, one that never arrived, a block that cannot
/// be read. Whatever is shown then is what was written, or EIO; and damage in a file's data is EIO in that file alone, and names it in the log.
/// </summary>
public sealed class DamageCase(Scenario scenario)
{
    private const string Kind = "damage";
    private const int MaxBlocks = 80;
    private const int Block = Limits.BlockBytes;

    private enum Damage { FlippedBit, Misdirected, Lost, Unreadable }

    public int Execute()
    {
        string where = "";
        try
        {
            SeededRandom random = new(scenario.Seed * 41);
            (CrashImage image, ModelState state) = Populate(random);
            List<long> used = [.. UsedBlocks(image)];
            int stride = Math.Max(1, used.Count / MaxBlocks), mounts = 0;
            for (int i = random.Below(stride); i < used.Count; i += stride)
            {
                Damage damage = (Damage)random.Below(4);
                where = $"{damage} block at {used[i]}\n";
                Check(image, state, damage, used[i], random.Pick(used), random.Next());
                mounts++;
            }
            return mounts;
        }
        catch (Exception failure)
        {
            throw CrashFailure.At(Kind, scenario.Seed, 0, where + failure.Message, failure);
        }
    }

    private (CrashImage Image, ModelState State) Populate(SeededRandom random)
    {
        SimulatedRuntime runtime = new(scenario.Seed);
        using SimulatedBlockDevice device = new(runtime, scenario.DeviceBytes);
        FormatOptions format = scenario.Format with { Compression = random.OneIn(3) ? CodecKind.Lz4 : CodecKind.None };
        runtime.Run(() => Volume.FormatAsync(device, format, runtime.Seams));
        using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
        Outcome made = runtime.RunToEnd(() => driver.MakeDirectoryAsync(Limits.RootInode, "task0", 0x1ED, Operation.Root));
        Run run = new(scenario, runtime, driver, random, [ModelState.Create(made.Inode, 0x1ED, 0, 0)]);
        runtime.Run(() => run.PlayAsync(scenario.OperationsPerTask));
        Require(runtime.RunToEnd(run.CloseAsync) == 0, "the volume cannot be set up");
        return (device.PeekCut(CutPolicy.DropAll), run.Histories[0].Current.AfterRemount());
    }

    private static IEnumerable<long> UsedBlocks(CrashImage image)
    {
        byte[] block = new byte[Block];
        for (long at = 0; at < image.LengthBytes; at += Block)
        {
            image.Read(at, block);
            if (block.AsSpan().ContainsAnyExcept((byte)0))
            {
                yield return at;
            }
        }
    }

    private void Check(CrashImage image, ModelState state, Damage damage, long addressBytes, long otherBytes, ulong seed)
    {
        byte[] original = new byte[Block];
        image.Read(addressBytes, original);
        ulong owner = OwnerOf(state, original);
        Coverage.Count($"{Kind}: {damage} in {(owner == 0 ? "metadata or packed data" : "a file's data")}");
        SimulatedRuntime runtime = new(seed);
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, Damaged(image, damage, addressBytes, otherBytes, original, seed));
        if (damage == Damage.Unreadable)
        {
            device.Faults.FailReadsOf(addressBytes, Block, Errno.EIO);
        }
        try
        {
            using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, scenario.Volume, runtime.Seams)));
            HashSet<ulong> bad = runtime.RunToEnd(() => UnreadableAsync(driver, state));
            Require(owner == 0 || bad.SetEquals([owner]) || bad.Count == 0, $"damage in the data of inode {owner} made inodes {string.Join(", ", bad)} unreadable");
            Require(owner == 0 || bad.Count == 0 || runtime.Log.Messages.Any(line => line.Message.Contains($"inode {owner},", StringComparison.Ordinal)),
                $"the log does not name inode {owner}, whose data is damaged");
            Coverage.Count($"{Kind}: {(bad.Count > 0 ? "EIO" : "nothing in use was hit, or a copy served")}");
        }
        catch (VolumeException refused)
        {
            Require(owner == 0, $"damage in a file's data keeps the volume from being mounted: {refused.Message}");
            Coverage.Count($"{Kind}: mount refused");
        }
    }

    private static CrashImage Damaged(CrashImage image, Damage damage, long addressBytes, long otherBytes, byte[] original, ulong seed)
    {
        SparseImage copy = image.Copy();
        byte[] block = [.. original];
        switch (damage)
        {
            case Damage.FlippedBit:
                block[seed % Block] ^= (byte)(1 << (int)(seed >> 32 & 7));
                break;
            case Damage.Misdirected:
                copy.Read(otherBytes, block);
                break;
            case Damage.Lost:
                block.AsSpan().Clear();
                break;
        }
        copy.Write(addressBytes, block);
        return new CrashImage(copy, image.LastEvent);
    }

    /// <summary>The file of which the block is whole, if it is one; data that is packed or compressed is not told from metadata.</summary>
    private static ulong OwnerOf(ModelState state, byte[] block)
    {
        foreach (ModelInode inode in state.All.Where(inode => inode.IsRegular))
        {
            for (long at = 0; at < inode.Content.SizeBytes; at += Block)
            {
                byte[] piece = inode.Content.Read(at, Block);
                // A block that is filled with one byte may be anything, and one that several files share (copy_file_range) has no single owner.
                if (piece.AsSpan().SequenceEqual(block) && block.AsSpan().ContainsAnyExcept(block[0]))
                {
                    return IsShared(state, inode, block) ? 0 : inode.Number;
                }
            }
        }
        return 0;
    }

    private static bool IsShared(ModelState state, ModelInode owner, byte[] block)
    {
        ReadOnlySpan<byte> marker = block.AsSpan(0, 64);
        foreach (ModelInode inode in state.All.Where(inode => inode.IsRegular && inode.Number != owner.Number))
        {
            if (inode.Content.Read(0, (int)inode.Content.SizeBytes).AsSpan().IndexOf(marker) >= 0)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The inodes that cannot be read; everything that can must be as the model has it.</summary>
    private static async ValueTask<HashSet<ulong>> UnreadableAsync(VolumeDriver driver, ModelState state)
    {
        HashSet<ulong> bad = [];
        foreach (ModelInode inode in state.All.Where(inode => inode.Nlink > 0))
        {
            OpResult<InodeAttributes> attributes = await driver.Volume.GetAttributesAsync(inode.Number);
            bool isGood = attributes.IsOk;
            Require(isGood || attributes.Errno == Errno.EIO, $"attributes of inode {inode.Number}: errno {attributes.Errno}");
            if (isGood && inode.IsRegular)
            {
                Require(attributes.Value.SizeBytes == inode.Content.SizeBytes, $"inode {inode.Number} has another size");
                isGood = await IsContentReadableAsync(driver, inode);
            }
            if (isGood && inode.IsDirectory)
            {
                isGood = await AreNamesReadableAsync(driver, inode);
            }
            if (!isGood)
            {
                bad.Add(inode.Number);
            }
        }
        return bad;
    }

    private static async ValueTask<bool> IsContentReadableAsync(VolumeDriver driver, ModelInode inode)
    {
        int length = (int)inode.Content.SizeBytes;
        Outcome read = length == 0 ? new Outcome(0, 0, 0, []) : await driver.ReadAsync(inode.Number, 0, length);
        Require(read.Errno is 0 or Errno.EIO, $"reading inode {inode.Number}: errno {read.Errno}");
        Require(read.Errno != 0 || inode.Content.Read(0, read.Data!.Length).AsSpan().SequenceEqual(read.Data), $"inode {inode.Number} shows bytes that were never written");
        return read.Errno == 0 && read.Count == length;
    }

    private static async ValueTask<bool> AreNamesReadableAsync(VolumeDriver driver, ModelInode inode)
    {
        try
        {
            List<(string Name, ulong Inode)> entries = await VolumeWalker.ListAsync(driver, inode.Number);
            Require(entries.Select(entry => entry.Name).Order(StringComparer.Ordinal).SequenceEqual(inode.Entries.Keys.Order(StringComparer.Ordinal)), $"directory {inode.Number} shows other names");
            return true;
        }
        catch (WalkException failure) when (failure.IsIoError)
        {
            return false;
        }
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new CrashFailure(problem);
        }
    }
}
