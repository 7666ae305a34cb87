using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify;

/// <summary>What a repair does; each is one ordinary commit (or a few, for long ranges).</summary>
internal enum RepairAction : byte
{
    /// <summary>Removes the records in [Key, Last].</summary>
    DropRecords,

    /// <summary>Removes the inode and all that hangs on it.</summary>
    DropInode,
    SetLinks,
    SetParent,
    SetAllocatedBytes,

    /// <summary>Writes the inode's own type into the entry at Key.</summary>
    SetEntryType,

    /// <summary>Puts an orphan record, so that the next mount frees the inode.</summary>
    PutOrphan,

    /// <summary>Truncates the file to its own size: what lies behind it goes.</summary>
    CutAtSize,

    /// <summary>Gives the inode a name in lost+found, and takes a directory's other name away (Key, when it has one).</summary>
    Reconnect,
    MakeRoot,
}

/// <summary>One repair. Amount: the new value of what is set, or the child of the entry.</summary>
internal sealed record RepairStep(RepairAction Action, Key Key, Key Last, ulong Amount)
{
    public static RepairStep Drop(Key key) => new(RepairAction.DropRecords, key, key, 0);

    public static RepairStep Drop(Key first, Key last) => new(RepairAction.DropRecords, first, last, 0);

    public static RepairStep OnInode(RepairAction action, ulong inode, ulong amount = 0) => new(action, Key.Of(inode, RecordKind.Inode, 0), default, amount);
}
