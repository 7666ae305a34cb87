namespace Txlfs.Lfs.Data;

/// <summary>How a SETATTR changes an inode, apart from its size.</summary>
internal static class AttributeRules
{
    /// <summary>Applies the fields that the change names; ctime becomes now unless it is given.</summary>
    public static void Apply(ref InodeAttributes attributes, in AttributeChange change, Timestamp now)
    {
        AttributeFields fields = change.Fields;
        if ((fields & AttributeFields.Mode) != 0)
        {
            attributes.Mode = (attributes.Mode & ModeBits.TypeMask) | (change.Mode & ModeBits.PermMask);
        }
        if ((fields & AttributeFields.Uid) != 0)
        {
            attributes.Uid = change.Uid;
        }
        if ((fields & AttributeFields.Gid) != 0)
        {
            attributes.Gid = change.Gid;
        }
        if ((fields & AttributeFields.KillPrivileges) != 0)
        {
            InodeAccess.KillPrivileges(ref attributes);
        }
        attributes.Atime = Pick(fields, AttributeFields.Atime, AttributeFields.AtimeNow, attributes.Atime, change.Atime, now);
        attributes.Mtime = Pick(fields, AttributeFields.Mtime, AttributeFields.MtimeNow, attributes.Mtime, change.Mtime, now);
        attributes.Ctime = (fields & AttributeFields.Ctime) != 0 ? change.Ctime : now;
    }

    private static Timestamp Pick(AttributeFields fields, AttributeFields given, AttributeFields current, Timestamp old, Timestamp value, Timestamp now)
        => (fields & current) != 0 ? now : (fields & given) != 0 ? value : old;
}
