using Txlfs.Journal;

namespace Txlfs.Lfs.Index;

/// <summary>
/// What makes Apply unable to fail: every page that a batch will read is pinned, and as many frames as it may need for new pages and for
/// preserved images are set aside. The estimates err on the large side; frames that were not needed stay free for the next batch.
/// </summary>
internal sealed unsafe partial class IndexTree
{
    /// <summary>The room that a split in the middle leaves at least on either side: see <see cref="SplitsFor"/>.</summary>
    private const int LeafRoomAfterSplitBytes = 1700;
    private const int InnerRoomAfterSplit = PageLayout.MaxInnerEntries / 2 - 1;

    private readonly int[] _pinned;
    private int _pinnedCount;
    private int _prepareStamp;
    private int _newDirty;
    private int _newFrames;

    /// <summary>The path of the key prepared last, from the root down, and the range of its leaf: the next key is often in the same leaf.</summary>
    private readonly int[] _lastPath = new int[PageLayout.MaxLevels + 1];
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
        for (_lastDepth = 0; ; _lastDepth++)
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
            _lastPath[_lastDepth] = frame;
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
        at->PrepareAdded = 0;
        at->PreparePuts = 0;
        at->PrepareDeletes = false;
        at->Pins++;
        _pinned[_pinnedCount++] = frame;
        _newDirty += at->DirtyGeneration == 0 ? 1 : 0;
        _newFrames += _cache.NeedsImage(frame) ? 1 : 0;
    }

    private void Foresee(in Mutation mutation)
    {
        Frame* leaf = _cache.At(_lastLeaf);
        if (mutation.IsDelete)
        {
            // It may be merged with a sibling.
            _newDirty += leaf->PrepareDeletes ? 0 : 1;
            leaf->PrepareDeletes = true;
            return;
        }
        int freeBytes = LeafPage.FreeBytes(_cache.PageAt(_lastLeaf));
        int before = SplitsFor(leaf->PrepareAdded, leaf->PreparePuts, freeBytes, LeafRoomAfterSplitBytes);
        leaf->PrepareAdded += LeafPage.RecordBytes(mutation.ValueLength);
        leaf->PreparePuts++;
        int after = SplitsFor(leaf->PrepareAdded, leaf->PreparePuts, freeBytes, LeafRoomAfterSplitBytes);
        ForeseeSplits(_lastDepth, before, after);
    }

    /// <summary>The page at this depth of the path may be split so often; each split enters a child in the page above.</summary>
    private void ForeseeSplits(int depth, int before, int after)
    {
        if (before == after)
        {
            return;
        }
        _newFrames += after - before;
        if (depth == 0)
        {
            // The root's content moves to a new page first; what is above that has ample room.
            _newFrames += before == 0 ? 1 : 0;
            return;
        }
        int above = _lastPath[depth - 1];
        Frame* parent = _cache.At(above);
        int room = PageLayout.MaxInnerEntries - PageHeader.Count(_cache.PageAt(above));
        int parentBefore = SplitsFor(parent->PrepareAdded, parent->PrepareAdded, room, InnerRoomAfterSplit);
        parent->PrepareAdded += after - before;
        int parentAfter = SplitsFor(parent->PrepareAdded, parent->PrepareAdded, room, InnerRoomAfterSplit);
        ForeseeSplits(depth - 1, parentBefore, parentAfter);
    }

    /// <summary>
    /// A bound on the splits of a page and of what comes of it, when so much is added in so many insertions. An insertion splits at most once.
    /// A split in the middle leaves room on both sides (a leaf's largest record may lie across the middle); one at the end or in a run may
    /// leave a full page, but ends its run, so that this page's next split is in the middle.
    /// </summary>
    private static int SplitsFor(int added, int insertions, int room, int roomAfterSplit)
        => added <= room ? 0 : Math.Min(insertions, 4 + 4 * (added / roomAfterSplit));

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
