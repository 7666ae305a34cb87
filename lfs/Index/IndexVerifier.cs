using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Index;

/// <summary>
/// Walks a quiet tree, the free list and the page map, and reports what breaks an invariant (numbers: lfs/DESIGN.md, "Index"). Loads what
/// is not in memory; needs two bits a page id and one page of the tree at a time.
/// </summary>
internal sealed class IndexVerifier(
    PageCache cache, PageMap map, PageLoader loader, PageIdAllocator ids, ulong volumeTag, ulong expectedRecords, Action<string> report)
{
    private const int MaxReports = 1000;

    private readonly record struct Visit(ulong PageId, int Level, Key Low, Key High, bool HasHigh);

    private readonly byte[] _page = GC.AllocateUninitializedArray<byte>(Limits.PageBytes, pinned: true);
    private readonly ulong[] _inTree = new ulong[ids.NextPageId / 64 + 1];
    private readonly ulong[] _isFree = new ulong[ids.NextPageId / 64 + 1];
    private readonly Stack<Visit> _toVisit = new();
    private ulong _records;
    private int _reports;

    public async ValueTask RunAsync()
    {
        _toVisit.Push(new Visit(PageMapGeometry.RootPageId, -1, default, default, HasHigh: false));
        Mark(_inTree, PageMapGeometry.RootPageId);
        while (_toVisit.TryPop(out Visit visit))
        {
            if (await TryReadAsync(visit.PageId).ConfigureAwait(false))
            {
                Check(visit);
            }
        }
        if (_records != expectedRecords)
        {
            Report($"{_records} records found, {expectedRecords} expected");
        }
        await CheckFreeListAsync().ConfigureAwait(false);
        await CheckMapAsync().ConfigureAwait(false);
    }

    private void Report(string violation)
    {
        if (_reports++ < MaxReports)
        {
            report(violation);
        }
    }

    private static bool Has(ulong[] bits, ulong id) => (bits[id / 64] >> (int)(id % 64) & 1) != 0;

    private static void Mark(ulong[] bits, ulong id) => bits[id / 64] |= 1UL << (int)(id % 64);

    private async ValueTask<bool> TryReadAsync(ulong pageId)
    {
        while (!TryCopy(pageId))
        {
            int result = await loader.LoadAsync(PageMapGeometry.TreeSpace, pageId, cache.FreeEpoch, FrameUse.Load).ConfigureAwait(false);
            if (result != 0)
            {
                Report($"page {pageId} cannot be read: errno {-result}");
                return false;
            }
        }
        return true;
    }

    private unsafe bool TryCopy(ulong pageId)
    {
        lock (cache.Mutex)
        {
            if (!cache.TryFindResidentLocked(PageCache.KeyOf(PageMapGeometry.TreeSpace, pageId), out int frame))
            {
                return false;
            }
            new ReadOnlySpan<byte>(cache.PageAt(frame), Limits.PageBytes).CopyTo(_page);
            return true;
        }
    }

    private unsafe void Check(Visit visit)
    {
        fixed (byte* page = _page)
        {
            int level = PageHeader.Level(page);
            if (!PageValidator.IsValid(page, PageMapGeometry.TreeSpace, visit.PageId, volumeTag))
            {
                Report($"page {visit.PageId}: malformed");
            }
            else if (visit.Level >= 0 && level != visit.Level)
            {
                Report($"page {visit.PageId}: level {level} under a page of level {visit.Level + 1}");
            }
            else if (PageHeader.Count(page) == 0 && visit.PageId != PageMapGeometry.RootPageId)
            {
                Report($"page {visit.PageId}: empty");
            }
            else if (level == 0)
            {
                CheckLeaf(page, visit);
            }
            else
            {
                CheckInner(page, visit, level);
            }
        }
    }

    private unsafe void CheckLeaf(byte* page, Visit visit)
    {
        int count = LeafPage.Count(page);
        _records += (ulong)count;
        if (count > 0 && (LeafPage.KeyAt(page, 0) < visit.Low || (visit.HasHigh && LeafPage.KeyAt(page, count - 1) >= visit.High)))
        {
            Report($"leaf {visit.PageId}: keys outside of what its parent gives it");
        }
    }

    private unsafe void CheckInner(byte* page, Visit visit, int level)
    {
        int count = InnerPage.Count(page);
        for (int i = count - 1; i >= 0; i--)
        {
            ulong child = InnerPage.ChildAt(page, i);
            Key low = i == 0 ? visit.Low : InnerPage.KeyAt(page, i);
            bool hasHigh = i + 1 < count || visit.HasHigh;
            Key high = i + 1 < count ? InnerPage.KeyAt(page, i + 1) : visit.High;
            if (low < visit.Low || (hasHigh && low >= high))
            {
                Report($"page {visit.PageId}: separator {i} outside of what its parent gives it");
            }
            if (child >= ids.NextPageId)
            {
                Report($"page {visit.PageId}: child {child} was never allocated");
            }
            else if (Has(_inTree, child))
            {
                Report($"page {child}: twice in the tree");
            }
            else
            {
                Mark(_inTree, child);
                _toVisit.Push(new Visit(child, level - 1, low, high, hasHigh));
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
            PagePointer? entry = await EntryAsync(id).ConfigureAwait(false);
            if (!CheckFree(id) || entry is not { IsFree: true })
            {
                Report($"free page {id}: the list is broken in its map entry");
                break;
            }
            id = entry.Value.AddressBytes;
        }
        if (count != ids.FreeCount)
        {
            Report($"{count} free page ids found, {ids.FreeCount} expected");
        }
    }

    private bool CheckFree(ulong id)
    {
        if (id == 0 || id >= ids.NextPageId)
        {
            Report($"free page {id}: never allocated");
            return false;
        }
        if (Has(_inTree, id) || Has(_isFree, id))
        {
            Report($"free page {id}: {(Has(_inTree, id) ? "also in the tree" : "twice in the free list")}");
            return false;
        }
        Mark(_isFree, id);
        return true;
    }

    private async ValueTask CheckMapAsync()
    {
        for (ulong id = PageMapGeometry.RootPageId; id < ids.NextPageId; id++)
        {
            bool isInTree = Has(_inTree, id);
            if (!isInTree && !Has(_isFree, id))
            {
                Report($"page {id}: neither in the tree nor free");
            }
            if (!isInTree || IsDirty(id))
            {
                continue;
            }
            PagePointer? entry = await EntryAsync(id).ConfigureAwait(false);
            if (entry is not { IsStored: true })
            {
                Report($"page {id}: clean, but the map does not say where it is");
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

    /// <summary>The map's entry of a tree page; null when its map page cannot be read.</summary>
    private async ValueTask<PagePointer?> EntryAsync(ulong id)
    {
        while (true)
        {
            PagePointer pointer;
            lock (cache.Mutex)
            {
                if (map.FindLocked(PageMapGeometry.TreeSpace, id, out pointer, out _) == PageMap.Answer.Pointer)
                {
                    return pointer;
                }
            }
            int result = await loader.LoadAsync(1, PageMapGeometry.ParentOf(id), cache.FreeEpoch, FrameUse.Load).ConfigureAwait(false);
            if (result != 0)
            {
                Report($"map page {PageMapGeometry.ParentOf(id)} cannot be read: errno {-result}");
                return null;
            }
        }
    }
}
