using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash.Ace;

/// <summary>Turns an operation on paths into one on the inodes that the paths name in a state.</summary>
public static class AceBinder
{
    /// <summary>A file that is written to has so many bytes first: three blocks and a part of a fourth, so that every range has neighbours.</summary>
    public const int FileBytes = 15_000;
    public const string XattrName = "user.ace";
    private const int Block = Limits.BlockBytes;

    /// <summary>Bytes that differ by tag, position and block, and do not compress much.</summary>
    public static byte[] Pattern(int tag, int lengthBytes)
    {
        SeededRandom random = new((ulong)tag + 0xACE);
        byte[] data = new byte[lengthBytes];
        for (int i = 0; i < data.Length; i++)
        {
            data[i] = (byte)(random.Next() | 1);
        }
        return data;
    }

    /// <summary><paramref name="position"/>: place in the workload, so that a repeated write writes something else.</summary>
    public static Operation Bind(ModelState state, AceOperation ace, int position)
    {
        ModelInode? inode = AceDependencies.Find(state, ace.Path);
        string name = AceDependencies.Split(ace.Path).Name;
        return ace.Kind switch
        {
            AceKind.Create => new CreateOperation(AceDependencies.Parent(state, ace.Path), name, 0x81A4, 0, Operation.Root, false),
            AceKind.MakeDirectory => new MakeDirectoryOperation(AceDependencies.Parent(state, ace.Path), name, 0x1ED, Operation.Root),
            AceKind.Write or AceKind.DirectWrite or AceKind.MappedWrite => Write(inode!, ace, position),
            AceKind.Fallocate => Fallocate(inode!, ace),
            AceKind.Link => new LinkOperation(inode!.Number, AceDependencies.Parent(state, ace.Second), AceDependencies.Split(ace.Second).Name),
            AceKind.Symlink => new SymlinkOperation(AceDependencies.Parent(state, ace.Second), AceDependencies.Split(ace.Second).Name, ace.Path, Operation.Root),
            AceKind.Unlink => new UnlinkOperation(AceDependencies.Parent(state, ace.Path), name),
            AceKind.RemoveDirectory => new RemoveDirectoryOperation(AceDependencies.Parent(state, ace.Path), name),
            AceKind.Rename => Rename(state, ace, name),
            AceKind.Truncate => new SetAttributesOperation(inode!.Number, null, null, null, SizeAfter(ace.Variant)),
            AceKind.SetXattr => new SetXattrOperation(inode!.Number, XattrName, Pattern(50 + position, 60), 0),
            _ => new RemoveXattrOperation(inode!.Number, XattrName),
        };
    }

    /// <summary>A write through the page cache comes as it was called; one past it in whole blocks; one of a mapping as pages within the file.</summary>
    private static WriteOperation Write(ModelInode file, AceOperation ace, int position)
    {
        long size = file.Content.SizeBytes;
        bool isBuffered = ace.Kind == AceKind.Write;
        (long offset, int length) = (ace.Variant, isBuffered) switch
        {
            ("inline", _) => (0L, 500),
            ("begin", true) => (0, 3000),
            ("inside", true) => (5000, 4000),
            ("across", true) => (size - 1000, 5000),
            (_, true) => (size, 4500),
            ("begin", false) => (0, Block),
            ("inside", false) => (Block, Block),
            ("across", false) => ((size - 1) / Block * Block, 2 * Block),
            _ => ((size + Block - 1) / Block * Block, Block),
        };
        WriteOptions options = ace.Kind == AceKind.MappedWrite ? WriteOptions.FromCache : WriteOptions.KillPrivileges;
        return new WriteOperation(file.Number, offset, Pattern(10 + position, length), options);
    }

    private static FallocateOperation Fallocate(ModelInode file, AceOperation ace)
    {
        FallocateMode mode = ace.Second switch
        {
            "allocate" => FallocateMode.None,
            "keep" => FallocateMode.KeepSize,
            "punch" => FallocateMode.PunchHole | FallocateMode.KeepSize,
            "zero" => FallocateMode.ZeroRange,
            "zero-keep" => FallocateMode.ZeroRange | FallocateMode.KeepSize,
            "collapse" => FallocateMode.CollapseRange,
            _ => FallocateMode.InsertRange,
        };
        bool isShift = mode is FallocateMode.CollapseRange or FallocateMode.InsertRange;
        long size = file.Content.SizeBytes;
        (long offset, long length) = ace.Variant switch
        {
            "inside" => isShift ? (Block, Block) : (5000L, 6000L),
            "across" => (size - 2000, 6000),
            _ => (size + 3000, 5000),
        };
        return new FallocateOperation(file.Number, mode, offset, length);
    }

    private static RenameOperation Rename(ModelState state, AceOperation ace, string name)
    {
        RenameFlags flags = ace.Variant switch
        {
            "no-replace" => RenameFlags.NoReplace,
            "exchange" or "exchange-directory" => RenameFlags.Exchange,
            _ => RenameFlags.None,
        };
        (string parent, string target) = AceDependencies.Split(ace.Second);
        return new RenameOperation(AceDependencies.Parent(state, ace.Path), name, AceDependencies.Find(state, parent)!.Number, target, flags);
    }

    private static long SizeAfter(string variant) => variant switch
    {
        "empty" => 0,
        "aligned" => 2 * Block,
        "unaligned" => 6000,
        _ => FileBytes + 9000,
    };
}
