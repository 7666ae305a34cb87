using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Segments;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>Which page: spaces 0 to 7 are the index's, 64 and up the segment table's. Knows where the pointer of each is.</summary>
internal readonly record struct PageId(int Space, ulong Id)
{
    private const int TableRootSpace = IndexHead.TableDirectorySpace + 1;

    public static PageId Tree(ulong id) => new(PageMapGeometry.TreeSpace, id);
    public static PageId TableChunk(ulong id) => new(IndexHead.TableChunkSpace, id);
    public static PageId TableDirectory(ulong id) => new(IndexHead.TableDirectorySpace, id);
    public static PageId TableRoot => new(TableRootSpace, 0);

    public bool IsTable => Space >= IndexHead.TableChunkSpace;

    /// <summary>Whether its pointer is in the checkpoint record.</summary>
    public bool IsTop(int mapHeight) => IsTable ? Space == TableRootSpace : Space >= mapHeight;

    public int RecordOffset => IsTable ? CheckpointRecord.SegmentTableOffset : CheckpointRecord.IndexRootOffset + PagePointer.SizeBytes;

    public PageId Parent => new(Space + 1, IsTable ? Id / SegmentTableStore.Fan : PageMapGeometry.ParentOf(Id));

    public int OffsetInParent => IsTable
        ? (int)(Id % SegmentTableStore.Fan) * PagePointer.SizeBytes
        : PageLayout.EntriesAt + (PageMapGeometry.EntryOf(Id) * PagePointer.SizeBytes);

    public override string ToString() => $"{Space}:{Id}";
}
