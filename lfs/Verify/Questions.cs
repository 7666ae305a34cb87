namespace Txlfs.Lfs.Verify;

/// <summary>What a person is asked before findings of a kind are mended.</summary>
internal static class Questions
{
    public static string For(FindingKind kind) => kind switch
    {
        FindingKind.Superblock => "Write bad superblock copies anew from a good one?",
        FindingKind.CheckpointSlot => "Clear damaged checkpoint slots?",
        FindingKind.SegmentTable or FindingKind.SegmentLive => "Recompute the segment table from the records?",
        FindingKind.IndexRecordCount or FindingKind.Birth or FindingKind.InodeCount or FindingKind.NextInode => "Correct the volume's counters?",
        FindingKind.BrokenPromise => "Go on from the consistent state?",
        FindingKind.Orphan => "Free removed inodes, and clear wrong marks of removal?",
        FindingKind.Trim => "Clear wrong marks of truncation?",
        FindingKind.LinkCount => "Correct link counts?",
        FindingKind.WrongParent => "Correct parents of directories?",
        FindingKind.EntryType => "Correct types in directory entries?",
        FindingKind.AllocatedBytes => "Correct allocated bytes?",
        FindingKind.NoName or FindingKind.Cycle => "Move what cannot be reached to lost+found?",
        FindingKind.Dangling => "Remove entries that point to nothing?",
        FindingKind.SecondName => "Remove further names of directories?",
        FindingKind.EntryCookie or FindingKind.DuplicateName => "Remove entries that cannot be found by their name?",
        FindingKind.BeyondSize => "Remove data behind the ends of files?",
        FindingKind.Symlink => "Remove symbolic links without a target?",
        FindingKind.Xattr => "Remove damaged extended attributes?",
        FindingKind.Root => "Make a new root directory?",
        FindingKind.Inode => "Remove inodes whose attributes are lost?",
        FindingKind.Extent or FindingKind.Inline or FindingKind.Record => "Remove damaged records?",
        _ => "Rebuild the index from a scan of the device?",
    };
}
