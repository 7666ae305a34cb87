using Txlfs.Journal;

namespace Txlfs.Lfs.Namespace;

/// <summary>The rules of changing attributes, for SETATTR here and for the writes and truncations of the data path.</summary>
internal static class Attributes
{
    /// <summary>Applies all fields but the size to the attributes (the caller puts them). 0, -errno, or <see cref="Op.Miss"/>.</summary>
    public static int Apply(NamespaceRoom room, ref CommitContext context, ref InodeAttributes attributes, in AttributeChange change)
    {
        AttributeFields fields = change.Fields;
        if (!AreTimesSound(change))
        {
            return -Errno.EINVAL;
        }
        if ((fields & AttributeFields.Mode) != 0)
        {
            attributes.Mode = (attributes.Mode & ModeBits.TypeMask) | (change.Mode & ModeBits.PermMask);
        }
        attributes.Uid = (fields & AttributeFields.Uid) != 0 ? change.Uid : attributes.Uid;
        attributes.Gid = (fields & AttributeFields.Gid) != 0 ? change.Gid : attributes.Gid;
        attributes.Atime = (fields & AttributeFields.AtimeNow) != 0 ? context.Now : (fields & AttributeFields.Atime) != 0 ? change.Atime : attributes.Atime;
        attributes.Mtime = (fields & AttributeFields.MtimeNow) != 0 ? context.Now : (fields & AttributeFields.Mtime) != 0 ? change.Mtime : attributes.Mtime;
        attributes.Ctime = (fields & AttributeFields.Ctime) != 0 ? change.Ctime : context.Now;
        int status = (fields & AttributeFields.KillPrivileges) != 0 ? KillPrivileges(room, ref context, ref attributes) : 0;
        return status == 0 && (fields & AttributeFields.Mode) != 0 ? room.Acls.OnChmod(ref context, attributes) : status;
    }

    /// <summary>
    /// Clears setuid, setgid where the group may execute (without that it means mandatory locking), and file capabilities. The caller puts
    /// the attributes. For writes, truncations and changes of owner.
    /// </summary>
    public static int KillPrivileges(NamespaceRoom room, ref CommitContext context, ref InodeAttributes attributes)
    {
        if (attributes.IsDirectory)
        {
            return 0;
        }
        attributes.Mode &= ~ModeBits.SetUid;
        attributes.Mode &= (attributes.Mode & ModeBits.GroupExec) != 0 ? ~ModeBits.SetGid : uint.MaxValue;
        return room.Xattrs.DeleteIfPresent(ref context, attributes.Inode, "security.capability"u8);
    }

    private static bool AreTimesSound(in AttributeChange change)
        => IsSound(change, AttributeFields.Atime, change.Atime) && IsSound(change, AttributeFields.Mtime, change.Mtime) && IsSound(change, AttributeFields.Ctime, change.Ctime);

    private static bool IsSound(in AttributeChange change, AttributeFields field, Timestamp time) => (change.Fields & field) == 0 || time.Nanoseconds < 1_000_000_000;
}
