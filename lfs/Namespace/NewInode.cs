namespace Txlfs.Lfs.Namespace;

/// <summary>What a new inode is to be, before its directory is known.</summary>
internal readonly record struct NewInode(uint Mode, uint Rdev, Caller Caller, uint Umask)
{
    /// <summary>Inode numbers are never used twice, so the generation says nothing more.</summary>
    public const uint Generation = 1;

    /// <summary>
    /// The attributes in this directory: a setgid directory hands down its group, and to directories the bit as well. (That a new file's own
    /// setgid bit is dropped for strangers to the group is done by the kernel; umask and default ACL: <see cref="AclRules.OnCreate"/>.)
    /// </summary>
    public InodeAttributes AttributesIn(in InodeAttributes directory, ulong inode, Timestamp now)
    {
        bool isSetGid = (directory.Mode & ModeBits.SetGid) != 0;
        bool isDirectory = (Mode & ModeBits.TypeMask) == ModeBits.Directory;
        return new InodeAttributes
        {
            Inode = inode,
            Mode = Mode | (isSetGid && isDirectory ? ModeBits.SetGid : 0),
            Uid = Caller.Uid,
            Gid = isSetGid ? directory.Gid : Caller.Gid,
            Nlink = isDirectory ? 2u : 1u,
            Rdev = Rdev,
            Atime = now,
            Mtime = now,
            Ctime = now,
            Btime = now,
            Parent = directory.Inode,
            Generation = Generation,
        };
    }
}
