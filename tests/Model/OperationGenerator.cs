using Txlfs.Lfs;

namespace Txlfs.Tests.Model;

/// <summary>What a random run is made of; drawn from the seed, so that runs differ in character and not only in detail.</summary>
public sealed record GeneratorProfile(int NameWeight, int DataWeight, int AttributeWeight, int MaxWriteBytes, int MaxOffsetBytes)
{
    public static GeneratorProfile Draw(SeededRandom random) => random.Below(5) switch
    {
        0 => new GeneratorProfile(8, 2, 1, 6 * 1024, 32 * 1024),
        1 => new GeneratorProfile(2, 8, 1, 40 * 1024, 256 * 1024),
        2 => new GeneratorProfile(2, 6, 1, random.OneIn(4) ? 2500 * 1024 : 400 * 1024, 1024 * 1024),
        3 => new GeneratorProfile(3, 3, 4, 3 * 1024, 8 * 1024),
        _ => new GeneratorProfile(4, 4, 2, 64 * 1024, 128 * 1024),
    };
}

/// <summary>Random operations over what the model holds now, on few names and few files, so that they meet.</summary>
public sealed class OperationGenerator(SeededRandom random, GeneratorProfile profile)
{
    private static readonly string[] Names = ["a", "b", "c", "d", "e", "ä-ü", "with space", new string('n', 255)];
    private static readonly string[] XattrNames = ["user.a", "user.mime_type", "trusted.x", "user." + new string('q', 120)];

    public Operation Next(ModelState state)
    {
        int kind = random.Below(profile.NameWeight + profile.DataWeight + profile.AttributeWeight);
        List<ModelInode> files = [.. state.All.Where(inode => inode.IsRegular)];
        if (files.Count == 0 || kind < profile.NameWeight)
        {
            return NextName(state, files.Count == 0);
        }
        return kind < profile.NameWeight + profile.DataWeight ? NextData(files) : NextAttribute(state, files);
    }

    private Operation NextName(ModelState state, bool wantsFile)
    {
        (ulong parent, string name) = (Directory(state).Number, random.Pick(Names));
        switch (wantsFile ? 0 : random.Below(20))
        {
            case <= 3: return new CreateOperation(parent, name, FileMode(), 0, NewCaller(), random.OneIn(3));
            case <= 5: return new MakeDirectoryOperation(parent, name, random.OneIn(4) ? 0x5EDu : 0x1EDu, NewCaller());
            case 6: return new SymlinkOperation(parent, name, new string('t', random.OneIn(3) ? random.Between(1, 4095) : random.Between(1, 80)), NewCaller());
            case 7: return Node(parent, name);
            case 8: return new TemporaryOperation(parent, FileMode());
            case 9: return OpenOrRelease(state);
            case <= 11: return new LinkOperation(Linkable(state), parent, name);
            case <= 13: return random.OneIn(10) ? new UnlinkOperation(parent, name) : UnlinkOf(state, parent, name);
            case 14: return RemoveDirectoryOf(state, parent, name);
            default: return Rename(state, parent, name);
        }
    }

    /// <summary>A fifo, a socket, or a device, which alone has a device number.</summary>
    private CreateOperation Node(ulong parent, string name)
    {
        uint type = random.Pick<uint>([0x1000, 0x2000, 0x6000, 0xC000]);
        uint rdev = type is 0x2000 or 0x6000 ? (uint)random.Below(1000) : 0;
        return new CreateOperation(parent, name, type | 0x1A4, rdev, NewCaller(), false);
    }

    private Operation Rename(ModelState state, ulong parent, string name)
    {
        RenameFlags flags = random.Below(6) switch { 0 => RenameFlags.NoReplace, 1 => RenameFlags.Exchange, _ => RenameFlags.None };
        (ulong oldParent, string oldName) = Entry(state, parent, name);
        return new RenameOperation(oldParent, oldName, Directory(state).Number, random.Pick(Names), flags);
    }

    private Operation UnlinkOf(ModelState state, ulong parent, string name)
    {
        (ulong at, string entry) = Entry(state, parent, name, inode => !inode.IsDirectory);
        return new UnlinkOperation(at, entry);
    }

    private Operation RemoveDirectoryOf(ModelState state, ulong parent, string name)
    {
        (ulong at, string entry) = Entry(state, parent, name, inode => inode.IsDirectory);
        return new RemoveDirectoryOperation(at, entry);
    }

    /// <summary>An entry that exists, or the given one when there is none.</summary>
    private (ulong Parent, string Name) Entry(ModelState state, ulong parent, string name, Predicate<ModelInode>? wanted = null)
    {
        List<(ulong, string)> entries = [.. state.All.SelectMany(directory => directory.Entries
            .Where(entry => wanted is null || wanted(state.Find(entry.Value)!)).Select(entry => (directory.Number, entry.Key)))];
        return entries.Count == 0 ? (parent, name) : random.Pick(entries);
    }

    private Operation OpenOrRelease(ModelState state)
    {
        List<ulong> open = [.. state.OpenInodes];
        List<ModelInode> files = [.. state.All.Where(inode => inode.IsRegular)];
        return open.Count > 0 && random.OneIn(2) ? new ReleaseOperation(random.Pick(open)) : new OpenOperation(random.Pick(files).Number);
    }

    /// <summary>Directories too (refused); orphans only when they never had a name, as the kernel has it.</summary>
    private ulong Linkable(ModelState state) => random.Pick([.. state.All.Where(inode => inode.Nlink > 0)]).Number;

    private Operation NextData(List<ModelInode> files)
    {
        ModelInode file = random.Pick(files);
        int choice = random.Below(20);
        if (choice < 10)
        {
            return Write(file);
        }
        return choice switch
        {
            <= 12 => new SetAttributesOperation(file.Number, null, null, null, Offset(file)),
            <= 14 => Fallocate(file),
            15 => CopyRange(files, file),
            16 => new SeekOperation(file.Number, Offset(file), random.Between(3, 4)),
            _ => new ReadOperation(file.Number, Offset(file), random.Between(1, profile.MaxWriteBytes)),
        };
    }

    private WriteOperation Write(ModelInode file)
    {
        int length = random.Below(6) switch
        {
            0 => random.Between(1, 100),
            1 => 4096 * random.Between(1, Math.Max(1, profile.MaxWriteBytes / 4096)),
            _ => random.Between(1, random.OneIn(3) ? profile.MaxWriteBytes : Math.Min(profile.MaxWriteBytes, 9000)),
        };
        WriteOptions options = random.Below(8) switch { 0 or 1 => WriteOptions.Append, 2 => WriteOptions.KillPrivileges, _ => WriteOptions.None };
        return new WriteOperation(file.Number, Offset(file), random.Data(length), options);
    }

    private FallocateOperation Fallocate(ModelInode file)
    {
        FallocateMode mode = random.Pick([FallocateMode.None, FallocateMode.KeepSize, FallocateMode.PunchHole | FallocateMode.KeepSize,
            FallocateMode.ZeroRange, FallocateMode.ZeroRange | FallocateMode.KeepSize, FallocateMode.CollapseRange, FallocateMode.InsertRange]);
        long offset = Offset(file), length = random.Between(1, profile.MaxWriteBytes);
        if ((mode & (FallocateMode.CollapseRange | FallocateMode.InsertRange)) != 0 && !random.OneIn(8))
        {
            offset -= offset % Limits.BlockBytes;
            length = (length + Limits.BlockBytes - 1) / Limits.BlockBytes * Limits.BlockBytes;
        }
        return new FallocateOperation(file.Number, mode, offset, length);
    }

    private Operation CopyRange(List<ModelInode> files, ModelInode target)
    {
        ModelInode source = random.Pick(files);
        long from = Offset(source), to = Offset(target), length = random.Between(1, profile.MaxWriteBytes);
        bool overlaps = source.Number == target.Number && Math.Abs(from - to) < length;
        return overlaps ? Write(target) : new CopyRangeOperation(source.Number, from, target.Number, to, length);
    }

    /// <summary>Often a place that already holds something or the end; sometimes behind it, so that holes come to be.</summary>
    private long Offset(ModelInode file)
    {
        long size = file.Content.SizeBytes;
        long offset = random.Below(6) switch
        {
            0 => 0,
            1 => size,
            2 => size == 0 ? 0 : (long)(random.Next() % (ulong)size),
            3 => random.Between(0, profile.MaxOffsetBytes),
            _ => size == 0 ? 0 : (long)(random.Next() % (ulong)size) / Limits.BlockBytes * Limits.BlockBytes,
        };
        return Math.Min(offset, profile.MaxOffsetBytes * 2L);
    }

    private Operation NextAttribute(ModelState state, List<ModelInode> files)
    {
        ModelInode inode = random.OneIn(3) ? random.Pick([.. state.All.Where(any => any.Nlink > 0)]) : random.Pick(files);
        string name = random.Pick(XattrNames);
        return random.Below(6) switch
        {
            0 => new SetAttributesOperation(inode.Number, (uint)random.Below(0x200) | (inode.IsRegular && random.OneIn(4) ? 0xC08u : 0), null, null, null),
            1 => new SetAttributesOperation(inode.Number, null, (uint)random.Below(3000), random.OneIn(2) ? (uint)random.Below(3000) : null, null),
            2 => new RemoveXattrOperation(inode.Number, name),
            _ => new SetXattrOperation(inode.Number, name, random.Data(random.OneIn(6) ? random.Between(0, 20_000) : random.Between(0, 300)), random.Below(6) switch { 0 => 1, 1 => 2, _ => 0 }),
        };
    }

    private ModelInode Directory(ModelState state) => random.Pick([.. state.All.Where(inode => inode.IsDirectory)]);
    private uint FileMode() => 0x8000u | (random.OneIn(5) ? 0x9EDu : 0x1A4u);
    private Caller NewCaller() => new((uint)random.Below(3) * 1000, (uint)random.Below(3) * 1000, 77);
}
