using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash.Ace;

/// <summary>Dependency completion: what an operation needs and the state lacks is done first, one ordinary operation at a time.</summary>
public static class AceDependencies
{
    private const uint DirectoryMode = 0x1ED, FileMode = 0x81A4;

    /// <summary>The next operation that must come before, or null when nothing is missing.</summary>
    public static Operation? Next(ModelState state, AceOperation wanted) => wanted.Kind switch
    {
        AceKind.Create or AceKind.MakeDirectory => NeedFree(state, wanted.Path),
        AceKind.Write when wanted.Variant == "inline" => NeedFile(state, wanted.Path),
        AceKind.Write or AceKind.DirectWrite or AceKind.MappedWrite or AceKind.Fallocate or AceKind.Truncate => NeedData(state, wanted.Path),
        AceKind.Link => NeedFile(state, wanted.Path) ?? NeedFree(state, wanted.Second),
        AceKind.Symlink => NeedFree(state, wanted.Second),
        AceKind.Unlink => NeedFile(state, wanted.Path),
        AceKind.RemoveDirectory => NeedEmptyDirectory(state, wanted.Path),
        AceKind.Rename => ForRename(state, wanted),
        AceKind.SetXattr => NeedAny(state, wanted.Path),
        _ => NeedXattr(state, wanted.Path),
    };

    private static Operation? ForRename(ModelState state, AceOperation rename)
    {
        switch (rename.Variant)
        {
            case "absent" or "no-replace": return NeedFile(state, rename.Path) ?? NeedFree(state, rename.Second);
            case "over" or "exchange": return NeedFile(state, rename.Path) ?? NeedFile(state, rename.Second);
            case "exchange-directory": return NeedFile(state, rename.Path) ?? NeedDirectory(state, rename.Second);
            case "absent-directory": return NeedDirectory(state, rename.Path) ?? NeedFree(state, rename.Second);
            default: return NeedDirectory(state, rename.Path) ?? NeedEmptyDirectory(state, rename.Second);
        }
    }

    public static (string Parent, string Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
    }

    public static ModelInode? Find(ModelState state, string path)
    {
        ModelInode? at = state.Find(state.Root);
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at = at is null ? null : state.Lookup(at.Number, name);
        }
        return at;
    }

    public static ulong Parent(ModelState state, string path) => Find(state, Split(path).Parent)!.Number;

    private static Operation? NeedDirectory(ModelState state, string path)
    {
        if (path.Length == 0 || Find(state, path) is { IsDirectory: true })
        {
            return null;
        }
        return NeedFree(state, path) ?? new MakeDirectoryOperation(Parent(state, path), Split(path).Name, DirectoryMode, Operation.Root);
    }

    private static Operation? NeedFile(ModelState state, string path)
        => Find(state, path) is { IsRegular: true } ? null
            : NeedFree(state, path) ?? new CreateOperation(Parent(state, path), Split(path).Name, FileMode, 0, Operation.Root, false);

    private static Operation? NeedAny(ModelState state, string path) => path == "A" ? NeedDirectory(state, path) : NeedFile(state, path);

    private static Operation? NeedData(ModelState state, string path)
    {
        Operation? file = NeedFile(state, path);
        if (file is not null)
        {
            return file;
        }
        ModelInode inode = Find(state, path)!;
        return inode.Content.SizeBytes >= AceBinder.FileBytes ? null : new WriteOperation(inode.Number, 0, AceBinder.Pattern(0, AceBinder.FileBytes), Lfs.WriteOptions.None);
    }

    private static Operation? NeedEmptyDirectory(ModelState state, string path) => NeedDirectory(state, path) ?? NeedNoEntries(state, path);

    private static Operation? NeedXattr(ModelState state, string path)
    {
        Operation? any = NeedAny(state, path);
        if (any is not null)
        {
            return any;
        }
        ModelInode inode = Find(state, path)!;
        return inode.Xattrs.ContainsKey(AceBinder.XattrName) ? null : new SetXattrOperation(inode.Number, AceBinder.XattrName, AceBinder.Pattern(1, 40), 0);
    }

    /// <summary>The name is free and its directory is there.</summary>
    private static Operation? NeedFree(ModelState state, string path)
    {
        Operation? directory = NeedDirectory(state, Split(path).Parent);
        if (directory is not null || Find(state, path) is not { } inode)
        {
            return directory;
        }
        (ulong parent, string name) = (Parent(state, path), Split(path).Name);
        return inode.IsDirectory ? NeedNoEntries(state, path) ?? new RemoveDirectoryOperation(parent, name) : new UnlinkOperation(parent, name);
    }

    private static Operation? NeedNoEntries(ModelState state, string path)
        => Find(state, path)!.Entries.Keys.FirstOrDefault() is { } child ? NeedFree(state, path + "/" + child) : null;
}
