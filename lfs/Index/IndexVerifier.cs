using Txlfs.Journal;

namespace Txlfs.Lfs.Index;

/// <summary>
/// Walks a quiet tree, the free list and the page map, and reports what breaks an invariant (numbers: lfs/DESIGN.md, "Index"). Loads what
/// is not in memory; needs two bits a page id and one page of the tree at a time.
/// </summary>
internal sealed class IndexVerifier(
    PageCache cache, PageMap map, PageLoader loader, PageIdAllocator ids, ulong volumeTag, ulong expectedRecords, ulong idLimit, IIndexObserver observer)
{
    private readonly ulong _limit = Math.Min(ids.NextPageId, idLimit);
    private IdSet _inTree = null!;
    private IdSet _isFree = null!;
    private ulong _records;

    /// <summary>Records in the leaves that could be read.</summary>
    public ulong Records => _records;

    public async ValueTask RunAsync()
    {
        _isFree = new IdSet(_limit);
        await CheckTreeAsync().ConfigureAwait(false);
        if (_records != expectedRecords)
        {
            Report(IndexFaultKind.RecordCount, 0, $"{_records} records found, {expectedRecords} expected");
        }
        await CheckFreeListAsync().ConfigureAwait(false);
        await CheckMapAsync().ConfigureAwait(false);
        if (ids.NextPageId > _limit)
        {
            Report(IndexFaultKind.Map, 0, $"the index claims {ids.NextPageId - 1} pages, more than the device can hold");
        }
    }

    private void Report(IndexFaultKind kind, ulong pageId, string text) => observer.Fault(new IndexFault(kind, pageId, text));

    private async ValueTask CheckTreeAsync()
    {
        var walk = new IndexWalk(cache, loader, volumeTag, _limit)
        {
            NotFollowed = (child, isTwice) => Report(IndexFaultKind.Structure, child, isTwice ? $"page {child}: twice in the tree" : $"child {child} was never allocated"),
        };
        _inTree = walk.Seen;
        WalkStep step;
        while ((step = await walk.NextAsync().ConfigureAwait(false)) != WalkStep.End)
        {
            ulong pageId = walk.At.PageId;
            switch (step)
            {
                case WalkStep.Unreadable:
                    Report(IndexFaultKind.Unreadable, pageId, $"page {pageId} cannot be read: errno {walk.Errno}");
                    break;
                case WalkStep.Malformed:
                    Report(IndexFaultKind.Unreadable, pageId, $"page {pageId}: malformed, or at the wrong level");
                    break;
                case WalkStep.Page when walk.IsLeaf:
                    CheckLeaf(walk.Page, walk.At);
                    await observer.LeafAsync(walk.Page).ConfigureAwait(false);
                    break;
                default:
                    CheckInner(walk.Page, walk.At);
                    break;
            }
        }
    }

    private unsafe void CheckLeaf(byte[] bytes, in PageVisit visit)
    {
        fixed (byte* page = bytes)
        {
            int count = LeafPage.Count(page);
            _records += (ulong)count;
            if (count == 0 && visit.PageId != PageMapGeometry.RootPageId)
            {
                Report(IndexFaultKind.Structure, visit.PageId, $"leaf {visit.PageId} is empty");
            }
            if (count > 0 && (LeafPage.KeyAt(page, 0) < visit.Low || (visit.HasHigh && LeafPage.KeyAt(page, count - 1) >= visit.High)))
            {
                Report(IndexFaultKind.Structure, visit.PageId, $"leaf {visit.PageId}: keys outside of what its parent gives it");
            }
        }
    }

    private unsafe void CheckInner(byte[] bytes, in PageVisit visit)
    {
        fixed (byte* page = bytes)
        {
            int count = InnerPage.Count(page);
            for (int i = 0; i < count; i++)
            {
                Key low = i == 0 ? visit.Low : InnerPage.KeyAt(page, i);
                bool hasHigh = i + 1 < count || visit.HasHigh;
                Key high = i + 1 < count ? InnerPage.KeyAt(page, i + 1) : visit.High;
                if (low < visit.Low || (hasHigh && low >= high))
                {
                    Report(IndexFaultKind.Structure, visit.PageId, $"page {visit.PageId}: separator {i} outside of what its parent gives it");
                }
            }
        }
    }

    private async ValueTask CheckFreeListAsync()
    {
        ulong count = 0;
        foreach (ulong id in ids.Snapshot())
        {
            count += CheckFree(id) ? 1UL : 0;
        }
        for (ulong id = ids.Below; id != 0; count++)
        {
            PagePointer? entry = await PointerAsync(PageMapGeometry.TreeSpace, id).ConfigureAwait(false);
            if (!CheckFree(id) || entry is not { IsFree: true })
            {
                Report(IndexFaultKind.FreeList, id, $"free page {id}: the list is broken in its map entry");
                break;
            }
            id = entry.Value.AddressBytes;
        }
        if (count != ids.FreeCount)
        {
            Report(IndexFaultKind.FreeList, 0, $"{count} free page ids found, {ids.FreeCount} expected");
        }
    }

    private bool CheckFree(ulong id)
    {
        if (id == 0 || id >= _limit)
        {
            Report(IndexFaultKind.FreeList, id, $"free page {id}: never allocated");
            return false;
        }
        if (_inTree.Has(id) || !_isFree.TryAdd(id))
        {
            Report(IndexFaultKind.FreeList, id, $"free page {id}: {(_inTree.Has(id) ? "also in the tree" : "twice in the free list")}");
            return false;
        }
        return true;
    }

    private async ValueTask CheckMapAsync()
    {
        for (ulong id = PageMapGeometry.RootPageId; id < _limit; id++)
        {
            bool isInTree = _inTree.Has(id);
            if (!isInTree && !_isFree.Has(id))
            {
                Report(IndexFaultKind.FreeList, id, $"page {id}: neither in the tree nor free");
            }
            PagePointer? entry = await PointerAsync(PageMapGeometry.TreeSpace, id).ConfigureAwait(false);
            if (entry is { IsStored: true } stored)
            {
                observer.Stored(PageMapGeometry.TreeSpace, id, stored);
            }
            else if (isInTree && !IsDirty(id))
            {
                Report(IndexFaultKind.Map, id, $"page {id}: clean, but the map does not say where it is");
            }
        }
        ulong pages = _limit - 1;
        for (int space = 1; space <= map.Height; space++)
        {
            pages = PageMapGeometry.ParentOf(pages);
            for (ulong number = 0; number <= pages; number++)
            {
                if (await PointerAsync(space, number).ConfigureAwait(false) is { IsStored: true } stored)
                {
                    observer.Stored(space, number, stored);
                }
            }
        }
    }

    private unsafe bool IsDirty(ulong id)
    {
        lock (cache.Mutex)
        {
            return cache.TryFindResidentLocked(PageCache.KeyOf(PageMapGeometry.TreeSpace, id), out int frame) && cache.At(frame)->DirtyGeneration != 0;
        }
    }

    private (int Space, ulong Number) _unreadable;

    /// <summary>The map's entry of a page; null when a map page above it cannot be read (which is reported once a page).</summary>
    private async ValueTask<PagePointer?> PointerAsync(int space, ulong number)
    {
        (int Space, ulong Number) above = (space + 1, PageMapGeometry.ParentOf(number));
        while (above != _unreadable)
        {
            PagePointer pointer;
            lock (cache.Mutex)
            {
                if (map.FindLocked(space, number, out pointer, out _) == PageMap.Answer.Pointer)
                {
                    return pointer;
                }
            }
            int result = await loader.LoadAsync(above.Space, above.Number, cache.FreeEpoch, FrameUse.Load).ConfigureAwait(false);
            if (result != 0 && await PointerAsync(above.Space, above.Number).ConfigureAwait(false) is { IsStored: false })
            {
                // Page ids that are newer than the last checkpoint have no map page yet, and no place.
                return default(PagePointer);
            }
            if (result != 0)
            {
                _unreadable = above;
                Report(IndexFaultKind.Map, 0, $"map page {above.Number} of level {above.Space} cannot be read: errno {-result}");
            }
        }
        return null;
    }
}
