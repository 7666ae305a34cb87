namespace Txlfs.Lfs.Verify;

/// <summary>What a check can find. The names are part of <c>fsck --json</c>; never renamed.</summary>
public enum FindingKind
{
    Superblock, CheckpointSlot, CheckpointRing, LogReplay, BrokenPromise, SegmentTable, SegmentLive,
    IndexPage, IndexStructure, IndexRecordCount, FreeList, PageMap,
    Record, Birth, Inode, Root, InodeCount, NextInode, Orphan, Trim,
    LinkCount, NoName, Dangling, EntryType, EntryCookie, DuplicateName, SecondName, WrongParent, Cycle,
    AllocatedBytes, Extent, BeyondSize, Inline, Symlink, Xattr, Data, Rebuilt, NotChecked,
}

/// <summary>How bad it is for the people whose files these are.</summary>
public enum FindingSeverity
{
    /// <summary>Worth saying, and no error: a slot that a power cut has torn, something that was not looked at.</summary>
    Notice,

    /// <summary>Bookkeeping is wrong; no file is affected.</summary>
    Error,

    /// <summary>A name, an attribute or data is lost or unreadable.</summary>
    Loss,
}

/// <summary>What can be done about it.</summary>
public enum Remedy
{
    /// <summary>Nothing but a backup.</summary>
    None,

    /// <summary>The right value follows from the rest of the volume: mended even by <c>fsck -p</c>.</summary>
    Certain,

    /// <summary>Something is dropped or moved: mended when a person says so.</summary>
    Drop,

    /// <summary>Only a rebuild of the index from a scan of the device.</summary>
    Rebuild,
}

/// <summary>One violation. Inode, offset and address are 0 where they do not apply; the path is null where it is not known.</summary>
public sealed record Finding(FindingKind Kind, FindingSeverity Severity, Remedy Remedy, string Text)
{
    public ulong Inode { get; init; }
    public string? Path { get; init; }
    public long OffsetBytes { get; init; }
    public long AddressBytes { get; init; }

    /// <summary>What mends it, when it is a matter of records.</summary>
    internal RepairStep? Step { get; init; }

    public override string ToString() => Path is null ? Text : $"{Text} ({Path})";
}
