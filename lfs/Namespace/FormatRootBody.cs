namespace Txlfs.Lfs.Namespace;

/// <summary>The first commit of a volume: an empty root directory, its own parent.</summary>
internal readonly struct FormatRootBody(uint uid, uint gid) : ICommitBody<InodeAttributes>
{
    private const uint Mode = ModeBits.Directory | 0x1ED; // rwxr-xr-x

    public bool MayUseReserve => false;

    public int Run(ref CommitContext context, out InodeAttributes result)
    {
        var itself = new InodeAttributes { Inode = Limits.RootInode };
        result = new NewInode(Mode, 0, new Caller(uid, gid, 0), 0).AttributesIn(itself, Limits.RootInode, context.Now);
        InodeLookup.Put(ref context, result);
        return 0;
    }
}
