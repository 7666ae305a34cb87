using Txlfs.Journal;

namespace Txlfs.Lfs.Namespace;

/// <summary>Changes attributes other than the size, atomically.</summary>
internal readonly struct SetAttributesBody(NamespaceRoom room, ulong inode, AttributeChange change) : ICommitBody<InodeAttributes>
{
    public bool MayUseReserve => false;

    public int Run(ref CommitContext context, out InodeAttributes result)
    {
        int status = room.Inodes.Read(ref context.Reads, inode, out result);
        if (status == 0)
        {
            status = Attributes.Apply(room, ref context, ref result, change);
        }
        if (status == 0)
        {
            InodeLookup.Put(ref context, result);
        }
        return status;
    }
}
