using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Namespace;

/// <summary>A further name for an inode, or the first one for a temporary file.</summary>
internal readonly struct LinkBody(NamespaceRoom room, ulong inode, ulong directory, NativeSlice name) : ICommitBody<InodeAttributes>
{
    public bool MayUseReserve => false;

    public int Run(ref CommitContext context, out InodeAttributes result)
    {
        int status = room.Inodes.Read(ref context.Reads, inode, out result);
        if (status != 0)
        {
            return status;
        }
        status = room.Inodes.ReadDirectory(ref context.Reads, directory, out InodeAttributes parent);
        if (status != 0)
        {
            return status;
        }
        status = room.Dirents.Find(ref context.Reads, directory, name.Span, out DirentPlace place);
        if (status != 0)
        {
            return status;
        }
        // An inode without a name that nobody has open is about to be freed: it can't come back.
        bool isNameless = result.Nlink == 0;
        status = result.IsDirectory ? -Errno.EPERM
            : place.Exists ? -Errno.EEXIST
            : result.Nlink >= Limits.MaxLinks ? -Errno.EMLINK
            : isNameless && !room.Open.IsOpen(inode) ? -Errno.ENOENT
            : !place.HasRoom ? -Errno.ENOSPC
            : 0;
        if (status != 0)
        {
            return status;
        }
        if (isNameless)
        {
            context.Delete(InodeRemoval.OrphanKeyOf(inode));
        }
        result.Nlink++;
        result.Ctime = context.Now;
        result.Parent = directory;
        InodeLookup.Put(ref context, result);
        DirentLookup.Put(ref context, place.Key, inode, Format.DirentRecord.TypeOf(result.Mode), name.Span);
        parent.Mtime = parent.Ctime = context.Now;
        InodeLookup.Put(ref context, parent);
        return 0;
    }
}
