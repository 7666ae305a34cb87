using Txlfs.Journal;

namespace Txlfs.Lfs.Index;

/// <summary>
/// What makes Apply unable to fail: every page that a batch will read is pinned, and as many frames as it may need for new pages and for
/// preserved images are set aside. The estimates err on the large side; frames that were not needed stay free for the next batch.
/// </summary>
internal sealed unsafe partial class IndexTree
{
    /// <summary>What a leaf gains at least when it is split: see <see cref="LeafSplitsFor"/>.</summary>
    private const int LeastRoomAfterSplitBytes = 1700;

    private readonly int[] _pinned;
    private int _pinnedCount;
    private int _prepareStamp;
    private int _newDirty;
    private int _newFrames;
    private int _lastLeaf;
    private int _lastDepth;
    private Key _lastLow;
    private Key _lastHigh;
    private bool _hasLastHigh;

    /// <summary>
    /// Makes sure that the batch can be applied without waiting: every page on its paths is in memory and stays there until the next
    /// Prepare, Apply or Cancel, and there are frames for what it may split or preserve. 0; <see cref="Op.Miss"/> (load
    /// <paramref name="missing"/>, then prepare again); <see cref="NoCleanFrame"/> (wait for a checkpoint to end, or for a load);
    /// -EIO (a page is corrupt); -ENOMEM (the batch can never fit in this cache); -EROFS (a checkpoint has failed).
    /// </summary>
    public int Prepare(MutationBatch batch, out PageReference missing)
    {
        missing = default;
        Cancel();
        if (_checkpoint.HasFailed)
        {
            return -Errno.EROFS;
        }
        _prepareStamp++;
        _newDirty = 0;
        _newFrames = 0;
        _lastLeaf = -1;
        int deletes = 0;
        foreach (ref readonly Mutation mutation in batch.Mutations)
        {
            int result;
            lock (_cache.Mutex)
            {
                result = PreparePathLocked(mutation.Key, ref missing);
            }
            if (result != 0)
            {
                return KeepOnlyIfUseful(result);
            }
            Foresee(mutation);
            deletes += mutation.IsDelete ? 1 : 0;
        }
        return KeepOnlyIfUseful(Reserve(deletes));
    }

    /// <summary>After a miss the pins stay, so that loading one page of a path does not push out another; after an error they do not.</summary>
    private int KeepOnlyIfUseful(int result)
    {
        if (result is not (0 or Op.Miss or NoCleanFrame))
        {
            Cancel();
        }
        return result;
    }

    /// <summary>Gives up what <see cref="Prepare"/> holds, when the batch will not be applied.</summary>
    public void Cancel()
    {
        lock (_cache.Mutex)
        {
            UnpinLocked();
            _cache.ReleaseReserveLocked();
        }
    }

    private void UnpinLocked()
    {
        for (int i = 0; i < _pinnedCount; i++)
        {
            Frame* frame = _cache.At(_pinned[i]);

            // A frame whose page the batch has freed lost its stamp, and its pins with it.
            if (frame->PrepareStamp == _prepareStamp)
            {
                frame->PrepareStamp = 0;
                frame->Pins--;
            }
        }
        _pinnedCount = 0;
    }

    /// <summary>Pins the pages from the root to the leaf of a key. Only the writer changes tree pages, so no versions are needed here.</summary>
    private int PreparePathLocked(Key key, ref PageReference missing)
    {
        if (_lastLeaf >= 0 && key >= _lastLow && (!_hasLastHigh || key < _lastHigh))
        {
            return 0;
        }
        _lastLeaf = -1;
        _lastLow = default;
        _hasLastHigh = false;
        ulong pageId = PageMapGeometry.RootPageId;
        int expectedLevel = -1;
        for (_lastDepth = 1; ; _lastDepth++)
        {
            if (!_cache.TryFindResidentLocked(pageId, out int frame))
            {
                missing = ReferenceOf(pageId, _cache.FreeEpoch);
                Counters.Misses++;
                return Op.Miss;
            }
            byte* page = _cache.PageAt(frame);
            int level = PageHeader.Level(page);
            if (expectedLevel >= 0 && level != expectedLevel)
            {
                return -Errno.EIO;
            }
            PinLocked(frame);
            if (_pinnedCount > DirtyLimit)
            {
                return -Errno.ENOMEM;
            }
            if (level == 0)
            {
                _lastLeaf = frame;
                return 0;
            }
            int index = InnerPage.Find(page, key);
            _lastLow = index > 0 ? InnerPage.KeyAt(page, index) : _lastLow;
            if (index + 1 < InnerPage.Count(page))
            {
                _lastHigh = InnerPage.KeyAt(page, index + 1);
                _hasLastHigh = true;
            }
            pageId = InnerPage.ChildAt(page, index);
            expectedLevel = level - 1;
        }
    }

    private void PinLocked(int frame)
    {
        Frame* at = _cache.At(frame);
        at->Referenced = 1;
        if (at->PrepareStamp == _prepareStamp)
        {
            return;
        }
        at->PrepareStamp = _prepareStamp;
        at->PrepareBytes = 0;
        at->Pins++;
        _pinned[_pinnedCount++] = frame;
        _newDirty += at->DirtyGeneration == 0 ? 1 : 0;
        _newFrames += _cache.NeedsImage(frame) ? 1 : 0;
    }

    private void Foresee(in Mutation mutation)
    {
        if (mutation.IsDelete)
        {
            // It may be merged with a sibling.
            _newDirty++;
            return;
        }
        Frame* leaf = _cache.At(_lastLeaf);
        int freeBytes = LeafPage.FreeBytes(_cache.PageAt(_lastLeaf));
        int before = LeafSplitsFor(leaf->PrepareBytes, freeBytes);
        leaf->PrepareBytes += LeafPage.RecordBytes(mutation.ValueLength);
        int after = LeafSplitsFor(leaf->PrepareBytes, freeBytes);
        if (before == 0 && after > 0)
        {
            // Every page above may be split too, and the root may be put one level higher, twice.
            _newFrames += _lastDepth + 1;
        }
        _newFrames += after - before;
    }

    /// <summary>
    /// A bound on the splits that so many new bytes can cause. A split in the middle leaves that much room on both sides (the largest record
    /// may lie across the middle); one at the end or in a run leaves a full leaf, but ends its run, so that its next split is in the middle.
    /// </summary>
    private static int LeafSplitsFor(int addedBytes, int freeBytes) => addedBytes <= freeBytes ? 0 : 4 + 4 * (addedBytes / LeastRoomAfterSplitBytes);

    private int Reserve(int deletes)
    {
        if (!_ids.HasRoomFor(deletes * 3 + PageLayout.MaxLevels))
        {
            return NoCleanFrame;
        }
        lock (_cache.Mutex)
        {
            bool isHopeless = _cache.DirtyPages == 0 && _cache.LoadsInFlight == 0;
            if (_cache.DirtyPages + _newDirty + _newFrames > DirtyLimit || !_cache.TryReserveLocked(_newFrames))
            {
                return isHopeless ? -Errno.ENOMEM : NoCleanFrame;
            }
        }
        return 0;
    }
}
