namespace Txlfs.Lfs.Index;

/// <summary>
/// An index key: inode number, then kind and subkey in one word (kind in the top 4 bits). Ordered as an unsigned 128-bit number,
/// so that all that belongs to an inode is adjacent: attributes, inline data, directory entries, extents, xattrs.
/// </summary>
public readonly record struct Key(ulong Inode, ulong Tail) : IComparable<Key>
{
    public const int SizeBytes = 16;
    public const int KindShift = 60;
    public const ulong SubMask = (1UL << KindShift) - 1;

    public static Key Of(ulong inode, RecordKind kind, ulong sub) => new(inode, ((ulong)kind << KindShift) | (sub & SubMask));

    public RecordKind Kind => (RecordKind)(Tail >> KindShift);
    public ulong Sub => Tail & SubMask;

    public int CompareTo(Key other)
    {
        int byInode = Inode.CompareTo(other.Inode);
        return byInode != 0 ? byInode : Tail.CompareTo(other.Tail);
    }

    public static bool operator <(Key a, Key b) => a.CompareTo(b) < 0;
    public static bool operator >(Key a, Key b) => a.CompareTo(b) > 0;
    public static bool operator <=(Key a, Key b) => a.CompareTo(b) <= 0;
    public static bool operator >=(Key a, Key b) => a.CompareTo(b) >= 0;
}

/// <summary>Record kinds, on disk; never renumbered. Every value begins with its 8-byte birth CSN.</summary>
public enum RecordKind : byte
{
    /// <summary>Sub 0: the inode's attributes.</summary>
    Inode = 0,

    /// <summary>Sub = chunk number: small-file data or symlink target, at most <see cref="Limits.MaxInlineChunkBytes"/> a chunk.</summary>
    Inline = 1,

    /// <summary>Sub = readdir cookie = 56-bit name hash and 4-bit slot.</summary>
    Dirent = 2,

    /// <summary>Sub = file offset in bytes, a multiple of the block size.</summary>
    Extent = 3,

    /// <summary>Sub = 52-bit name hash, 3-bit slot, 5-bit chunk.</summary>
    Xattr = 4,

    /// <summary>Inode 0, sub = inode number: unlinked, to be freed when it is closed or at the next mount.</summary>
    Orphan = 5,

    /// <summary>Inode 0, sub = inode number: a truncation whose extents beyond the size are still to be removed.</summary>
    Trim = 6,
}
