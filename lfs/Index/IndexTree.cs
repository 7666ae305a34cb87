namespace Txlfs.Lfs.Index;

/// <summary>
/// The ordered index: a B+-tree of <see cref="Limits.PageBytes"/> pages in a page cache, behind the page map. Any number of readers
/// without locks, one writer at a time (the caller holds the writer lock around Prepare, Apply, Cancel and BeginCheckpoint), one
/// checkpoint at a time beside both. See lfs/DESIGN.md, "Index".
/// </summary>
internal sealed partial class IndexTree : IIndexReader, IDisposable
{
    /// <summary>What <see cref="Prepare"/> returns when only a checkpoint can make room.</summary>
    public const int NoCleanFrame = int.MinValue + 1;

    /// <summary>An empty index, for mkfs. Nothing is stored before the first checkpoint.</summary>
    public static IndexTree Create(IndexOptions options, IPageStore store) => throw new NotImplementedException();

    /// <summary>The index as of a checkpoint. Nothing is read yet.</summary>
    public static IndexTree Open(in IndexRoot root, IndexOptions options, IPageStore store) => throw new NotImplementedException();

    public IndexCounters Counters { get; } = new();
    public int Capacity => throw new NotImplementedException();

    /// <summary>Pages that cannot be evicted before a checkpoint has written them. Begin one beyond about 40 % of the capacity, slow the writer down beyond 80 %.</summary>
    public int DirtyPages => throw new NotImplementedException();

    /// <summary>Records in the tree as of the last applied batch.</summary>
    public ulong Records => throw new NotImplementedException();

    public int TryGet(Key key, Span<byte> buffer, out int lengthBytes, out PageReference missing) => throw new NotImplementedException();

    public int TrySeekAtLeast(Key from, Key last, out Key found, Span<byte> buffer, out int lengthBytes, out PageReference missing) => throw new NotImplementedException();

    public int TrySeekAtMost(Key from, Key first, out Key found, Span<byte> buffer, out int lengthBytes, out PageReference missing) => throw new NotImplementedException();

    /// <summary>
    /// Makes sure that the batch can be applied without waiting: every page on its paths is in memory and stays there until the next
    /// Prepare, Apply or Cancel, and there are frames for what it may split or preserve. 0; <see cref="Op.Miss"/> (load
    /// <paramref name="missing"/>, then prepare again); <see cref="NoCleanFrame"/> (wait for a checkpoint to end, or for a load);
    /// -EIO (a page is corrupt); -ENOMEM (the batch can never fit in this cache).
    /// </summary>
    public int Prepare(MutationBatch batch, out PageReference missing) => throw new NotImplementedException();

    /// <summary>Applies a batch for which <see cref="Prepare"/> has just returned 0. Readers see each mutation at once, whole.</summary>
    public void Apply<TObserver>(MutationBatch batch, ulong csn, ref TObserver observer)
        where TObserver : struct, IMutationObserver, allows ref struct => throw new NotImplementedException();

    /// <summary>Gives up what <see cref="Prepare"/> holds, when the batch will not be applied.</summary>
    public void Cancel() => throw new NotImplementedException();

    /// <summary>
    /// Brings a page into memory (map pages on the way included). 0: try again; -EIO: corrupt or unreadable; -EAGAIN: every frame is
    /// dirty, a checkpoint must come first.
    /// </summary>
    public ValueTask<int> LoadAsync(PageReference reference) => throw new NotImplementedException();

    /// <summary>With the writer lock held, and no checkpoint running: what the tree holds now is what the checkpoint will hold.</summary>
    public void BeginCheckpoint(ulong checkpointNumber) => throw new NotImplementedException();

    /// <summary>
    /// Writes every page that was dirty at <see cref="BeginCheckpoint"/>, then the map above them; beside the writer and the readers.
    /// The result goes into the checkpoint record. After an error no other checkpoint may be begun; the tree stays readable.
    /// </summary>
    public ValueTask<OpResult<IndexRoot>> WriteCheckpointAsync(IPageSink sink) => throw new NotImplementedException();

    /// <summary>The checkpoint record is durable.</summary>
    public void EndCheckpoint() => throw new NotImplementedException();

    /// <summary>
    /// With the writer lock held: makes the page dirty, so that the next checkpoint writes it elsewhere, if <paramref name="addressBytes"/>
    /// is where its newest image is (for the cleaner). 0 (done, or nothing to do), Op.Miss, NoCleanFrame, -errno.
    /// </summary>
    public int Relocate(int space, ulong pageId, ulong addressBytes, out PageReference missing) => throw new NotImplementedException();

    /// <summary>Checks every structural invariant of a quiet tree (writer lock held, no checkpoint running) and reports each violation as one line.</summary>
    public ValueTask VerifyAsync(Action<string> report) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
