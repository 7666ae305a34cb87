namespace Txlfs.Tests.Model;

/// <summary>Attributes, extended attributes and data.</summary>
public sealed partial record ModelState
{
    public const int FallocKeepSize = 1, FallocPunchHole = 2, FallocCollapse = 8, FallocZero = 16, FallocInsert = 32;

    public (int Errno, ModelState State) SetAttributes(ulong number, uint? permissions, uint? uid, uint? gid, long? sizeBytes)
    {
        if (Find(number) is not { } inode)
        {
            return (Enoent, this);
        }
        if (sizeBytes is not null && !inode.IsRegular)
        {
            return (inode.IsDirectory ? Eisdir : Einval, this);
        }
        return (Ok, With(inode with
        {
            Mode = permissions is { } bits ? (inode.Mode & ModelInode.TypeMask) | bits : inode.Mode,
            Uid = uid ?? inode.Uid,
            Gid = gid ?? inode.Gid,
            Content = sizeBytes is { } size ? inode.Content.Resize(size) : inode.Content,
        }));
    }

    public (int Errno, ModelState State) SetXattr(ulong number, string name, byte[] value, int flags)
    {
        if (Find(number) is not { } inode)
        {
            return (Enoent, this);
        }
        bool exists = inode.Xattrs.ContainsKey(name);
        if (flags == 1 && exists)
        {
            return (Eexist, this);
        }
        return flags == 2 && !exists ? (Enodata, this) : (Ok, With(inode with { Xattrs = inode.Xattrs.SetItem(name, value) }));
    }

    public (int Errno, ModelState State) RemoveXattr(ulong number, string name)
    {
        if (Find(number) is not { } inode)
        {
            return (Enoent, this);
        }
        return inode.Xattrs.ContainsKey(name) ? (Ok, With(inode with { Xattrs = inode.Xattrs.Remove(name) })) : (Enodata, this);
    }

    public (int Errno, ModelState State) Write(ulong number, long offsetBytes, ReadOnlySpan<byte> data, bool killPrivileges)
    {
        if (CheckRegular(number) is var errno && errno != Ok)
        {
            return (errno, this);
        }
        ModelInode inode = Find(number)!;
        return (Ok, With(inode with { Content = inode.Content.Write(offsetBytes, data), Mode = killPrivileges ? WithoutPrivileges(inode.Mode) : inode.Mode }));
    }

    /// <summary>Set-user-id goes; set-group-id goes from what the group may execute (elsewhere it means mandatory locking).</summary>
    public static uint WithoutPrivileges(uint mode) => (mode & 0x408) == 0x408 ? mode & ~0xC00u : mode & ~0x800u;

    public (int Errno, ModelState State) Fallocate(ulong number, int mode, long offsetBytes, long lengthBytes)
    {
        if (CheckRegular(number) is var errno && errno != Ok)
        {
            return (errno, this);
        }
        ModelInode inode = Find(number)!;
        FileContent content = inode.Content;
        long end = offsetBytes + lengthBytes;
        bool isAligned = offsetBytes % FileContent.ChunkBytes == 0 && lengthBytes % FileContent.ChunkBytes == 0;
        switch (mode & ~FallocKeepSize)
        {
            case FallocPunchHole:
                content = content.Zero(offsetBytes, lengthBytes);
                break;
            case FallocCollapse when !isAligned || end >= content.SizeBytes:
            case FallocInsert when !isAligned || offsetBytes >= content.SizeBytes:
                return (Einval, this);
            case FallocCollapse:
                content = content.Collapse(offsetBytes, lengthBytes);
                break;
            case FallocInsert:
                content = content.Insert(offsetBytes, lengthBytes);
                break;
            default:
                content = (mode & FallocZero) != 0 ? content.Zero(offsetBytes, lengthBytes) : content;
                content = (mode & FallocKeepSize) == 0 && end > content.SizeBytes ? content.Resize(end) : content;
                break;
        }
        return (Ok, With(inode with { Content = content }));
    }

    private int CheckRegular(ulong number) => Find(number) switch
    {
        null => Enoent,
        { IsDirectory: true } => Eisdir,
        { IsRegular: false } => Einval,
        _ => Ok,
    };
}
