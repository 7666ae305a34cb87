namespace Txlfs.Lfs.Index;

/// <summary>
/// The ordered index: a B+-tree of <see cref="Limits.PageBytes"/> pages in a page cache, behind the page map. Any number of readers
/// without locks, one writer at a time (the caller holds the writer lock around Prepare, Apply, Cancel, Relocate and BeginCheckpoint), one
/// checkpoint at a time beside both. See lfs/DESIGN.md, "Index".
/// </summary>
internal sealed unsafe partial class IndexTree : IIndexReader, IDisposable
{
    /// <summary>What <see cref="Prepare"/> returns when only a checkpoint can make room.</summary>
    public const int NoCleanFrame = int.MinValue + 1;

    private static readonly ulong RootKey = PageCache.KeyOf(PageMapGeometry.TreeSpace, PageMapGeometry.RootPageId);

    private readonly PageCache _cache;
    private readonly PageMap _map;
    private readonly PageLoader _loader;
    private readonly PageIdAllocator _ids;
    private readonly IndexCheckpoint _checkpoint;
    private readonly ulong _volumeTag;
    private ulong _records;

    private IndexTree(IndexOptions options, IPageStore store, in IndexRoot root)
    {
        _volumeTag = options.VolumeTag;
        _records = root.Records;
        _cache = new PageCache(options.CapacityPages, Counters);
        _map = new PageMap(_cache);
        _loader = new PageLoader(_cache, _map, store, options.VolumeTag, Counters);
        _ids = new PageIdAllocator(options.CapacityPages, root.NextPageId, root.FreeHead, root.FreeCount);
        _checkpoint = new IndexCheckpoint(_cache, _map, _loader, _ids, options.VolumeTag, Counters);
        _pinned = new int[options.CapacityPages];
        DirtyLimit = options.CapacityPages - Math.Max(16, options.CapacityPages / 8);
    }

    /// <summary>An empty index, for mkfs. Nothing is stored before the first checkpoint.</summary>
    public static IndexTree Create(IndexOptions options, IPageStore store)
    {
        var tree = new IndexTree(options, store, new IndexRoot { NextPageId = PageMapGeometry.RootPageId + 1 });
        lock (tree._cache.Mutex)
        {
            tree._cache.TryTakeLocked(FrameUse.Writer, out int frame);
            PageHeader.Format(tree._cache.PageAt(frame), PageKind.Leaf, 0, PageMapGeometry.RootPageId, options.VolumeTag);
            tree._cache.EnterNewLocked(frame, RootKey);
            tree._cache.AddDirtyLocked(frame);
            tree._cache.At(frame)->Pins = 1;
            tree._cache.EndChange(frame);
        }
        return tree;
    }

    /// <summary>The index as of a checkpoint. Nothing is read yet.</summary>
    public static IndexTree Open(in IndexRoot root, IndexOptions options, IPageStore store)
    {
        var tree = new IndexTree(options, store, root);
        tree._map.Open(root);
        return tree;
    }

    public IndexCounters Counters { get; } = new();
    public int Capacity => _cache.Capacity;

    /// <summary>Pages that cannot be evicted before a checkpoint has written them. Begin one beyond about 40 % of the capacity, slow the writer down beyond 80 %.</summary>
    public int DirtyPages => _cache.DirtyPages;

    /// <summary>The most dirty pages that <see cref="Prepare"/> lets come to be: the rest is for loads.</summary>
    public int DirtyLimit { get; }

    /// <summary>Pages that the tree has, stored or not. Exact with the writer lock held.</summary>
    public long PageCount => (long)(_ids.NextPageId - 1 - _ids.FreeCount);

    /// <summary>Records in the tree as of the last applied batch.</summary>
    public ulong Records => Volatile.Read(ref _records);

    /// <summary>
    /// Brings a page into memory (map pages on the way included). 0: try again; -EIO: corrupt or unreadable; -EAGAIN: every frame is
    /// dirty, a checkpoint must come first.
    /// </summary>
    public ValueTask<int> LoadAsync(PageReference reference) => _loader.LoadAsync(reference.Space, reference.PageId, reference.Epoch, FrameUse.Load);

    /// <summary>
    /// With the writer lock held, and no checkpoint running: what the tree holds now is what the checkpoint will hold.
    /// </summary>
    public void BeginCheckpoint(ulong checkpointNumber) => _checkpoint.Begin(checkpointNumber, _records);

    /// <summary>
    /// Writes every page that was dirty at <see cref="BeginCheckpoint"/>, then the map above them; beside the writer and the readers.
    /// The result goes into the checkpoint record. After an error no other checkpoint may be begun; the tree stays readable.
    /// </summary>
    public ValueTask<OpResult<IndexRoot>> WriteCheckpointAsync(IPageSink sink) => _checkpoint.WriteAsync(sink);

    /// <summary>The checkpoint record is durable.</summary>
    public void EndCheckpoint() => _checkpoint.End();

    public void Dispose()
    {
        _checkpoint.Dispose();
        _cache.Dispose();
    }
}
