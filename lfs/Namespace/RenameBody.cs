using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Namespace;

/// <summary>All cases of renameat2. Reads everything first, then decides, then writes: new entry before old, entries before inodes that go.</summary>
internal readonly struct RenameBody(
    NamespaceRoom room, ulong oldDirectory, NativeSlice oldName, ulong newDirectory, NativeSlice newName, RenameFlags flags, Caller caller, InodeTicket ticket)
    : ICommitBody<RemovalOutcome>
{
    /// <summary>What a rename is about, as it was before it.</summary>
    private struct Scene
    {
        public InodeAttributes OldParent, NewParent, Source, Target;
        public DirentPlace OldPlace, NewPlace;
    }

    public bool MayUseReserve => false;

    private bool IsSameDirectory => oldDirectory == newDirectory;
    private bool IsExchange => (flags & RenameFlags.Exchange) != 0;

    public int Run(ref CommitContext context, out RemovalOutcome result)
    {
        result = default;
        int status = Read(ref context.Reads, out Scene scene);
        if (status != 0)
        {
            return status;
        }
        if (scene.OldPlace.Child == scene.NewPlace.Child)
        {
            return 0; // two names of one inode, or one name: nothing to do, says POSIX
        }
        status = Check(ref context.Reads, in scene);
        if (status != 0)
        {
            return status;
        }
        return IsExchange ? Exchange(ref context, ref scene) : Move(ref context, ref scene, out result);
    }

    private int Read(ref ReadContext reads, out Scene scene)
    {
        scene = default;
        int status = room.Inodes.ReadDirectory(ref reads, oldDirectory, out scene.OldParent);
        scene.NewParent = scene.OldParent;
        if (status == 0 && !IsSameDirectory)
        {
            status = room.Inodes.ReadDirectory(ref reads, newDirectory, out scene.NewParent);
        }
        if (status == 0)
        {
            status = room.Dirents.Find(ref reads, oldDirectory, oldName.Span, out scene.OldPlace);
        }
        if (status == 0)
        {
            status = room.Dirents.Find(ref reads, newDirectory, newName.Span, out scene.NewPlace);
        }
        if (status != 0)
        {
            return status;
        }
        if (!scene.OldPlace.Exists || (IsExchange && !scene.NewPlace.Exists))
        {
            return -Errno.ENOENT;
        }
        if (scene.NewPlace.Exists && (flags & RenameFlags.NoReplace) != 0)
        {
            return -Errno.EEXIST;
        }
        status = room.Inodes.ReadChild(ref reads, oldDirectory, scene.OldPlace.Child, out scene.Source);
        return status == 0 && scene.NewPlace.Exists
            ? room.Inodes.ReadChild(ref reads, newDirectory, scene.NewPlace.Child, out scene.Target)
            : status;
    }

    private int Check(ref ReadContext reads, in Scene scene)
    {
        bool hasTarget = scene.NewPlace.Exists;
        if (!hasTarget && !scene.NewPlace.HasRoom)
        {
            return -Errno.ENOSPC;
        }
        int status = 0;
        if (!IsSameDirectory && scene.Source.IsDirectory)
        {
            status = room.Inodes.CheckIsOutside(ref reads, newDirectory, scene.Source.Inode);
        }
        if (status == 0 && !IsSameDirectory && IsExchange && scene.Target.IsDirectory)
        {
            status = room.Inodes.CheckIsOutside(ref reads, oldDirectory, scene.Target.Inode);
        }
        if (status != 0)
        {
            return status;
        }
        if (hasTarget && !IsExchange)
        {
            if (scene.Source.IsDirectory != scene.Target.IsDirectory)
            {
                return scene.Source.IsDirectory ? -Errno.ENOTDIR : -Errno.EISDIR;
            }
            status = scene.Target.IsDirectory ? DirentLookup.CheckEmpty(ref reads, scene.Target.Inode) : 0;
        }
        return status == 0 ? CheckLinks(in scene) : status;
    }

    private int CheckLinks(in Scene scene)
    {
        long gainNew = IsSameDirectory ? 0 : Subdirectories(in scene.Source) - Subdirectories(in scene.Target);
        long gainOld = IsExchange ? -gainNew : 0;
        return scene.NewParent.Nlink + gainNew > Limits.MaxLinks || scene.OldParent.Nlink + gainOld > Limits.MaxLinks ? -Errno.EMLINK : 0;
    }

    private int Move(ref CommitContext context, ref Scene scene, out RemovalOutcome result)
    {
        DirentLookup.Put(ref context, scene.NewPlace.Key, scene.Source.Inode, DirentRecord.TypeOf(scene.Source.Mode), newName.Span);
        if ((flags & RenameFlags.Whiteout) != 0)
        {
            PutWhiteout(ref context, in scene);
        }
        else
        {
            context.Delete(scene.OldPlace.Key);
        }
        PutMoved(ref context, ref scene.Source, newDirectory);
        // A replaced directory takes its link from the new parent; a moved one takes its link along.
        PutParents(ref context, ref scene, -Subdirectories(in scene.Source), Subdirectories(in scene.Source) - Subdirectories(in scene.Target));
        result = default;
        return scene.NewPlace.Exists ? room.Removal.DropName(ref context, scene.Target, ticket, out result) : 0;
    }

    private int Exchange(ref CommitContext context, ref Scene scene)
    {
        DirentLookup.Put(ref context, scene.NewPlace.Key, scene.Source.Inode, DirentRecord.TypeOf(scene.Source.Mode), newName.Span);
        DirentLookup.Put(ref context, scene.OldPlace.Key, scene.Target.Inode, DirentRecord.TypeOf(scene.Target.Mode), oldName.Span);
        long gain = Subdirectories(in scene.Source) - Subdirectories(in scene.Target);
        PutMoved(ref context, ref scene.Source, newDirectory);
        PutMoved(ref context, ref scene.Target, oldDirectory);
        PutParents(ref context, ref scene, -gain, gain);
        return 0;
    }

    /// <summary>What overlay filesystems leave behind: a character device 0/0 under the old name.</summary>
    private void PutWhiteout(ref CommitContext context, in Scene scene)
    {
        InodeAttributes whiteout = new NewInode(ModeBits.Char, 0, caller, 0).AttributesIn(scene.OldParent, context.AllocateInode(), context.Now);
        InodeLookup.Put(ref context, whiteout);
        DirentLookup.Put(ref context, scene.OldPlace.Key, whiteout.Inode, DirentRecord.TypeOf(whiteout.Mode), oldName.Span);
    }

    private static void PutMoved(ref CommitContext context, ref InodeAttributes attributes, ulong directory)
    {
        attributes.Ctime = context.Now;
        attributes.Parent = directory;
        InodeLookup.Put(ref context, attributes);
    }

    private void PutParents(ref CommitContext context, ref Scene scene, long gainOld, long gainNew)
    {
        scene.OldParent.Mtime = scene.OldParent.Ctime = scene.NewParent.Mtime = scene.NewParent.Ctime = context.Now;
        if (IsSameDirectory)
        {
            scene.NewParent.Nlink = Sum(scene.NewParent.Nlink, gainOld + gainNew);
            InodeLookup.Put(ref context, scene.NewParent);
            return;
        }
        scene.OldParent.Nlink = Sum(scene.OldParent.Nlink, gainOld);
        scene.NewParent.Nlink = Sum(scene.NewParent.Nlink, gainNew);
        InodeLookup.Put(ref context, scene.OldParent);
        InodeLookup.Put(ref context, scene.NewParent);
    }

    /// <summary>A directory in use never has fewer than its own two links, whatever a damaged record says.</summary>
    private static uint Sum(uint links, long gain) => (uint)Math.Max(2, links + gain);

    private static long Subdirectories(in InodeAttributes attributes) => attributes.IsDirectory ? 1 : 0;
}
