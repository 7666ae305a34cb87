using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Namespace;

/// <summary>
/// Directory and name to attributes. -ESTALE: the entry is there and its inode is not, which is either a commit that is being applied just
/// now or damage; <see cref="SettledReads"/> finds out which. The result's inode number is then the missing one.
/// </summary>
internal readonly struct LookupBody(NamespaceRoom room, ulong directory, NativeSlice name) : ISuspectBody<InodeAttributes>
{
    public int Run(ref ReadContext context, out InodeAttributes result)
    {
        if (NameRules.IsDots(name.Span))
        {
            return RunDots(ref context, out result);
        }
        result = default;
        int status = room.Dirents.Find(ref context, directory, name.Span, out DirentPlace place);
        if (status != 0)
        {
            return status;
        }
        if (!place.Exists)
        {
            status = room.Inodes.ReadDirectory(ref context, directory, out _);
            return status == 0 ? -Errno.ENOENT : status;
        }
        status = room.Inodes.Read(ref context, place.Child, out result);
        result.Inode = place.Child;
        return status == -Errno.ENOENT ? -Errno.ESTALE : status;
    }

    public void LogDamage(in InodeAttributes result) => room.Inodes.LogMissingChild(directory, result.Inode);

    /// <summary>"." of any inode (a file handle is reconnected so), ".." of a directory that still has its place.</summary>
    private int RunDots(ref ReadContext context, out InodeAttributes result)
    {
        if (NameRules.IsDot(name.Span))
        {
            return room.Inodes.Read(ref context, directory, out result);
        }
        int status = room.Inodes.ReadDirectory(ref context, directory, out result);
        if (status != 0)
        {
            return status;
        }
        ulong parent = result.Parent;
        status = room.Inodes.Read(ref context, parent, out result);
        result.Inode = parent;
        return status == -Errno.ENOENT ? -Errno.ESTALE : status;
    }
}

internal readonly struct GetAttributesBody(NamespaceRoom room, ulong inode) : IReadBody<InodeAttributes>
{
    public int Run(ref ReadContext context, out InodeAttributes result) => room.Inodes.Read(ref context, inode, out result);
}
