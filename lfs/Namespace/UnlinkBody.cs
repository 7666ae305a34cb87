using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Namespace;

/// <summary>Removes an entry: unlink, or rmdir when <paramref name="isRemoveDirectory"/>.</summary>
internal readonly struct UnlinkBody(NamespaceRoom room, ulong directory, NativeSlice name, bool isRemoveDirectory, InodeTicket ticket) : ICommitBody<RemovalOutcome>
{
    /// <summary>Deleting works on a full volume.</summary>
    public bool MayUseReserve => true;

    public int Run(ref CommitContext context, out RemovalOutcome result)
    {
        result = default;
        int status = room.Inodes.ReadDirectory(ref context.Reads, directory, out InodeAttributes parent);
        if (status != 0)
        {
            return status;
        }
        status = room.Dirents.Find(ref context.Reads, directory, name.Span, out DirentPlace place);
        if (status != 0 || !place.Exists)
        {
            return status != 0 ? status : -Errno.ENOENT;
        }
        status = room.Inodes.ReadChild(ref context.Reads, directory, place.Child, out InodeAttributes child);
        if (status == 0 && child.IsDirectory != isRemoveDirectory)
        {
            return isRemoveDirectory ? -Errno.ENOTDIR : -Errno.EISDIR;
        }
        if (status == 0 && isRemoveDirectory)
        {
            status = DirentLookup.CheckEmpty(ref context.Reads, child.Inode);
        }
        if (status != 0)
        {
            return status;
        }
        context.Delete(place.Key);
        parent.Mtime = parent.Ctime = context.Now;
        parent.Nlink -= isRemoveDirectory && parent.Nlink > 2 ? 1u : 0;
        InodeLookup.Put(ref context, parent);
        return room.Removal.DropName(ref context, child, ticket, out result);
    }
}
