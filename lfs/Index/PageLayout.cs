namespace Txlfs.Lfs.Index;

internal enum PageKind : byte { Leaf = 1, Inner = 2, Map = 3 }

/// <summary>Offsets of every kind of index page; lfs/FORMAT.md, "Index pages and node map", pinned by PageFormatTests.</summary>
internal static class PageLayout
{
    public const uint Magic = 0x50495854; // "TXIP"
    public const int HeaderBytes = 64;

    // The header, the same for all kinds.
    public const int MagicAt = 0;
    public const int KindAt = 4;
    public const int LevelAt = 5;
    public const int CountAt = 6;
    public const int PageIdAt = 8;
    public const int CsnAt = 16;
    public const int CheckpointAt = 24;
    public const int VolumeTagAt = 32;

    /// <summary>Leaf: the lowest offset that the value heap has used.</summary>
    public const int HeapStartAt = 40;

    /// <summary>Leaf: bytes of the heap that no record owns any more.</summary>
    public const int GarbageAt = 42;
    public const int ReservedAt = 44;

    public const int EntriesAt = HeaderBytes;

    // A leaf's entry: inode u64, tail u64, value offset u16, value length u16; ascending keys; values fill the page from its end downwards.
    public const int LeafEntryBytes = 20;
    public const int LeafValueOffsetAt = 16;
    public const int LeafValueLengthAt = 18;
    public const int LeafCapacityBytes = Limits.PageBytes - HeaderBytes;
    public const int MaxLeafEntries = LeafCapacityBytes / LeafEntryBytes;
    public const int MinValueBytes = sizeof(ulong);

    // An inner page's entry: inode u64, tail u64, child page id u64. The key of entry 0 is not used in searches.
    public const int InnerEntryBytes = 24;
    public const int InnerChildAt = 16;
    public const int MaxInnerEntries = (Limits.PageBytes - HeaderBytes) / InnerEntryBytes;

    /// <summary>More levels than any tree of at most 2^48 pages can have.</summary>
    public const int MaxLevels = 16;
}
