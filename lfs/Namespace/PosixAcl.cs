using System.Buffers.Binary;

namespace Txlfs.Lfs.Namespace;

/// <summary>
/// A POSIX access control list in the form of the xattr (version 2, then 8 bytes an entry: tag, permissions, id), worked on in place. The
/// kernel checks permissions by it; keeping it and the mode in step is left to the filesystem.
/// </summary>
internal static class PosixAcl
{
    public const int HeaderBytes = 4, EntryBytes = 8;
    private const uint Version = 2;
    private const ushort UserObject = 1, User = 2, GroupObject = 4, Group = 8, Mask = 16, Other = 32;
    private const ushort Permissions = 7;

    public static ReadOnlySpan<byte> AccessName => "system.posix_acl_access"u8;

    public static ReadOnlySpan<byte> DefaultName => "system.posix_acl_default"u8;

    /// <summary>One owner, one group, one other, at most one mask, and a mask where users or groups are named.</summary>
    public static bool IsSound(ReadOnlySpan<byte> acl)
    {
        if (acl.Length < HeaderBytes || (acl.Length - HeaderBytes) % EntryBytes != 0 || BinaryPrimitives.ReadUInt32LittleEndian(acl) != Version)
        {
            return false;
        }
        int owners = 0, groups = 0, others = 0, masks = 0, named = 0;
        for (int at = HeaderBytes; at < acl.Length; at += EntryBytes)
        {
            if (PermissionsAt(acl, at) > Permissions)
            {
                return false;
            }
            switch (TagAt(acl, at))
            {
                case UserObject: owners++; break;
                case GroupObject: groups++; break;
                case Other: others++; break;
                case Mask: masks++; break;
                case User or Group: named++; break;
                default: return false;
            }
        }
        return owners == 1 && groups == 1 && others == 1 && masks <= 1 && (named == 0 || masks == 1);
    }

    /// <summary>Says no more than a mode can.</summary>
    public static bool IsMinimal(ReadOnlySpan<byte> acl) => acl.Length == HeaderBytes + (3 * EntryBytes);

    /// <summary>The mode with the permissions of a sound list: the group bits show the mask where there is one.</summary>
    public static uint ModeOf(ReadOnlySpan<byte> acl, uint mode)
    {
        uint owner = PermissionsAt(acl, Find(acl, UserObject)), group = PermissionsAt(acl, FindGroupClass(acl)), other = PermissionsAt(acl, Find(acl, Other));
        return (mode & ~0x1FFu) | (owner << 6) | (group << 3) | other;
    }

    /// <summary>Gives the list the permissions of a mode: chmod.</summary>
    public static void SetMode(Span<byte> acl, uint mode)
    {
        SetPermissions(acl, Find(acl, UserObject), mode >> 6);
        SetPermissions(acl, FindGroupClass(acl), mode >> 3);
        SetPermissions(acl, Find(acl, Other), mode);
    }

    /// <summary>Turns a directory's default list into the access list of what is created in it with this mode; returns the mode that results.</summary>
    public static uint Inherit(Span<byte> acl, uint mode)
    {
        SetMode(acl, ModeOf(acl, 0) & mode);
        return ModeOf(acl, mode);
    }

    private static int FindGroupClass(ReadOnlySpan<byte> acl)
    {
        int mask = Find(acl, Mask);
        return mask != 0 ? mask : Find(acl, GroupObject);
    }

    /// <summary>The offset of the only entry with the tag; 0 when there is none.</summary>
    private static int Find(ReadOnlySpan<byte> acl, ushort tag)
    {
        for (int at = HeaderBytes; at < acl.Length; at += EntryBytes)
        {
            if (TagAt(acl, at) == tag)
            {
                return at;
            }
        }
        return 0;
    }

    private static ushort TagAt(ReadOnlySpan<byte> acl, int at) => BinaryPrimitives.ReadUInt16LittleEndian(acl[at..]);

    private static ushort PermissionsAt(ReadOnlySpan<byte> acl, int at) => BinaryPrimitives.ReadUInt16LittleEndian(acl[(at + 2)..]);

    private static void SetPermissions(Span<byte> acl, int at, uint permissions)
        => BinaryPrimitives.WriteUInt16LittleEndian(acl[(at + 2)..], (ushort)(permissions & Permissions));
}
