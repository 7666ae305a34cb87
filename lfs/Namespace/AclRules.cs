using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Namespace;

/// <summary>Keeps access control lists and modes in step, within the commit that changes either. Lists fit the first chunk of their attribute.</summary>
internal sealed class AclRules(XattrLookup xattrs)
{
    public const int MaxAclBytes = XattrRecord.FirstPartBytes;

    public static bool IsAcl(ReadOnlySpan<byte> name) => name.SequenceEqual(PosixAcl.AccessName) || name.SequenceEqual(PosixAcl.DefaultName);

    /// <summary>0, or the errno for a value that cannot be the list of this name.</summary>
    public static int Check(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        => !IsAcl(name) ? 0 : value.Length > MaxAclBytes ? Errno.E2BIG : PosixAcl.IsSound(value) ? 0 : Errno.EINVAL;

    /// <summary>
    /// The list is being set: an access list decides the mode, and one that says no more than the mode is not kept; the inode of a directory
    /// remembers that it has a default list, so that creating in others need not look for one.
    /// </summary>
    public static int OnSet(ref InodeAttributes attributes, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool killsSetGid, out bool isKept)
    {
        isKept = true;
        if (name.SequenceEqual(PosixAcl.AccessName))
        {
            attributes.Mode = PosixAcl.ModeOf(value, attributes.Mode) & (killsSetGid ? ~ModeBits.SetGid : uint.MaxValue);
            isKept = !PosixAcl.IsMinimal(value);
        }
        else if (name.SequenceEqual(PosixAcl.DefaultName))
        {
            if (!attributes.IsDirectory)
            {
                return -Errno.EACCES;
            }
            attributes.Flags |= InodeFlags.HasDefaultAcl;
        }
        return 0;
    }

    public static void OnRemove(ref InodeAttributes attributes, ReadOnlySpan<byte> name)
        => attributes.Flags &= name.SequenceEqual(PosixAcl.DefaultName) ? ~InodeFlags.HasDefaultAcl : uint.MaxValue;

    /// <summary>chmod: the access list, where there is one, gets the mode's permissions.</summary>
    [SkipLocalsInit]
    public int OnChmod(ref CommitContext context, in InodeAttributes attributes)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = Find(ref context, attributes.Inode, PosixAcl.AccessName, buffer, out int recordBytes, out ulong sub);
        if (status != 0 || recordBytes == 0)
        {
            return status;
        }
        PosixAcl.SetMode(buffer[AclAt(PosixAcl.AccessName)..recordBytes], attributes.Mode);
        context.Put(XattrLookup.KeyOf(attributes.Inode, sub), buffer[..recordBytes]);
        return 0;
    }

    /// <summary>
    /// A new inode in a directory: a default list there takes the place of the umask, and becomes the inode's access list and, in a directory,
    /// its default list too.
    /// </summary>
    [SkipLocalsInit]
    public int OnCreate(ref CommitContext context, in InodeAttributes directory, uint umask, ref InodeAttributes attributes)
    {
        if (attributes.IsSymlink)
        {
            return 0;
        }
        if ((directory.Flags & InodeFlags.HasDefaultAcl) == 0)
        {
            attributes.Mode &= ~umask;
            return 0;
        }
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = Find(ref context, directory.Inode, PosixAcl.DefaultName, buffer, out int recordBytes, out _);
        if (status != 0 || recordBytes == 0)
        {
            attributes.Mode &= ~umask;
            return status;
        }
        Span<byte> acl = buffer[AclAt(PosixAcl.DefaultName)..recordBytes];
        if (attributes.IsDirectory)
        {
            PutNew(ref context, attributes.Inode, PosixAcl.DefaultName, acl);
            attributes.Flags |= InodeFlags.HasDefaultAcl;
        }
        attributes.Mode = PosixAcl.Inherit(acl, attributes.Mode);
        if (!PosixAcl.IsMinimal(acl))
        {
            PutNew(ref context, attributes.Inode, PosixAcl.AccessName, acl);
        }
        return 0;
    }

    /// <summary>The record of a list in the buffer; length 0 when there is none. A list that is not sound is damage.</summary>
    private int Find(ref CommitContext context, ulong inode, ReadOnlySpan<byte> name, scoped Span<byte> buffer, out int recordBytes, out ulong sub)
    {
        int status = xattrs.FindSettled(ref context, inode, name, buffer, out XattrPlace place);
        sub = place.FirstSub;
        recordBytes = place.Exists ? AclAt(name) + place.TotalBytes : 0;
        if (status != 0 || !place.Exists)
        {
            return status;
        }
        return place.TotalBytes <= MaxAclBytes && PosixAcl.IsSound(buffer[AclAt(name)..recordBytes]) ? 0 : xattrs.Damaged(inode);
    }

    [SkipLocalsInit]
    private void PutNew(ref CommitContext context, ulong inode, ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> acl)
    {
        Span<byte> record = stackalloc byte[Limits.MaxValueBytes];
        ulong sub = xattrs.FirstSubOf(name);
        if (name.SequenceEqual(PosixAcl.DefaultName) && sub == xattrs.FirstSubOf(PosixAcl.AccessName))
        {
            sub = XattrRecord.LastChunkSub(sub) + 1; // the two collide, and the inode is too new to have others
        }
        context.Put(XattrLookup.KeyOf(inode, sub), record[..XattrRecord.WriteFirst(record, name, acl)]);
    }

    private static int AclAt(ReadOnlySpan<byte> name) => XattrRecord.NameAt + name.Length;
}
