namespace Txlfs.Tests.Model;

/// <summary>Names: each operation gives an errno and the state after it (unchanged when it fails).</summary>
public sealed partial record ModelState
{
    /// <summary>A new file, directory, symlink or node under the number that the volume gave it.</summary>
    public (int Errno, ModelState State) Make(ulong parent, string name, ModelInode made)
    {
        if (CheckNew(parent, name) is var errno && errno != Ok)
        {
            return (errno, this);
        }
        ModelInode directory = Find(parent)!;
        bool inherits = (directory.Mode & 0x400) != 0;
        ModelInode inode = made with
        {
            Nlink = made.IsDirectory ? 2u : 1u,
            Parent = parent,
            Gid = inherits ? directory.Gid : made.Gid,
            Mode = inherits && made.IsDirectory ? made.Mode | 0x400 : made.Mode,
        };
        return (Ok, With(inode).Attach(parent, name, inode.Number, inode.IsDirectory));
    }

    public (int Errno, ModelState State) MakeTemporary(ulong parent, ModelInode made)
    {
        if (Find(parent) is not { } directory)
        {
            return (Enoent, this);
        }
        if (!directory.IsDirectory)
        {
            return (Enotdir, this);
        }
        bool inherits = (directory.Mode & 0x400) != 0;
        return (Ok, With(made with { Nlink = 0, Parent = parent, Gid = inherits ? directory.Gid : made.Gid }));
    }

    public (int Errno, ModelState State) Link(ulong number, ulong parent, string name)
    {
        if (Find(number) is not { } inode)
        {
            return (Enoent, this);
        }
        if (inode.IsDirectory)
        {
            return (Eperm, this);
        }
        return CheckNew(parent, name) is var errno && errno != Ok
            ? (errno, this)
            : (Ok, With(inode with { Nlink = inode.Nlink + 1 }).Attach(parent, name, number, false));
    }

    public (int Errno, ModelState State) Unlink(ulong parent, string name)
    {
        if (CheckOld(parent, name) is var errno && errno != Ok)
        {
            return (errno, this);
        }
        return Lookup(parent, name)!.IsDirectory ? (Eisdir, this) : (Ok, Remove(parent, name));
    }

    public (int Errno, ModelState State) RemoveDirectory(ulong parent, string name)
    {
        if (CheckOld(parent, name) is var errno && errno != Ok)
        {
            return (errno, this);
        }
        ModelInode inode = Lookup(parent, name)!;
        return !inode.IsDirectory ? (Enotdir, this) : inode.Entries.Count > 0 ? (Enotempty, this) : (Ok, Remove(parent, name));
    }

    public (int Errno, ModelState State) Rename(ulong oldParent, string oldName, ulong newParent, string newName, bool noReplace, bool exchange)
    {
        if (CheckOld(oldParent, oldName) is var errno && errno != Ok)
        {
            return (errno, this);
        }
        if (Find(newParent) is not { IsDirectory: true })
        {
            return (Find(newParent) is null ? Enoent : Enotdir, this);
        }
        ModelInode moved = Lookup(oldParent, oldName)!;
        ModelInode? target = Lookup(newParent, newName);
        if (exchange)
        {
            return target is null ? (Enoent, this) : Exchange(oldParent, oldName, moved, newParent, newName, target);
        }
        if (noReplace && target is not null)
        {
            return (Eexist, this);
        }
        if (moved.IsDirectory && IsInside(newParent, moved.Number))
        {
            return (Einval, this);
        }
        if (target is null)
        {
            return (Ok, Detach(oldParent, oldName, moved.IsDirectory).Attach(newParent, newName, moved.Number, moved.IsDirectory));
        }
        if (target.Number == moved.Number)
        {
            return (Ok, this);
        }
        if (CheckReplace(moved, target) is var refused && refused != Ok)
        {
            return (refused, this);
        }
        return (Ok, Remove(newParent, newName).Detach(oldParent, oldName, moved.IsDirectory).Attach(newParent, newName, moved.Number, moved.IsDirectory));
    }

    private static int CheckReplace(ModelInode moved, ModelInode target)
    {
        if (moved.IsDirectory)
        {
            return !target.IsDirectory ? Enotdir : target.Entries.Count > 0 ? Enotempty : Ok;
        }
        return target.IsDirectory ? Eisdir : Ok;
    }

    private (int Errno, ModelState State) Exchange(ulong oldParent, string oldName, ModelInode moved, ulong newParent, string newName, ModelInode target)
    {
        if (target.Number == moved.Number)
        {
            return (Ok, this);
        }
        if ((moved.IsDirectory && IsInside(newParent, moved.Number)) || (target.IsDirectory && IsInside(oldParent, target.Number)))
        {
            return (Einval, this);
        }
        ModelState state = Detach(oldParent, oldName, moved.IsDirectory).Detach(newParent, newName, target.IsDirectory);
        return (Ok, state.Attach(newParent, newName, moved.Number, moved.IsDirectory).Attach(oldParent, oldName, target.Number, target.IsDirectory));
    }

    /// <summary>True when <paramref name="directory"/> is <paramref name="ancestor"/> or lies below it.</summary>
    public bool IsInside(ulong directory, ulong ancestor)
    {
        for (ulong at = directory; ; at = Find(at)!.Parent)
        {
            if (at == ancestor)
            {
                return true;
            }
            if (at == Root)
            {
                return false;
            }
        }
    }

    private int CheckNew(ulong parent, string name) => Find(parent) switch
    {
        null => Enoent,
        { IsDirectory: false } => Enotdir,
        { } directory => directory.Entries.ContainsKey(name) ? Eexist : Ok,
    };

    private int CheckOld(ulong parent, string name) => Find(parent) switch
    {
        null => Enoent,
        { IsDirectory: false } => Enotdir,
        { } directory => directory.Entries.ContainsKey(name) ? Ok : Enoent,
    };

    private ModelState Attach(ulong parent, string name, ulong child, bool isDirectory)
    {
        ModelInode directory = Find(parent)!;
        ModelState state = With(directory with { Entries = directory.Entries.Add(name, child), Nlink = directory.Nlink + (isDirectory ? 1u : 0u) });
        return isDirectory ? state.With(state.Find(child)! with { Parent = parent }) : state;
    }

    private ModelState Detach(ulong parent, string name, bool isDirectory)
    {
        ModelInode directory = Find(parent)!;
        return With(directory with { Entries = directory.Entries.Remove(name), Nlink = directory.Nlink - (isDirectory ? 1u : 0u) });
    }

    /// <summary>Takes a name away, and what it named when that was the last name and nobody has it open.</summary>
    private ModelState Remove(ulong parent, string name)
    {
        ModelInode inode = Lookup(parent, name)!;
        ModelState state = Detach(parent, name, inode.IsDirectory);
        ModelInode left = inode with { Nlink = inode.IsDirectory ? 0 : inode.Nlink - 1 };
        return left.Nlink > 0 || Opens.ContainsKey(left.Number) ? state.With(left) : state.Without(inode);
    }
}
