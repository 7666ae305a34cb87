using Txlfs.Journal;

namespace Txlfs.Lfs.Index;

/// <summary>A page of the tree, where its parents say that it is: at this level (-1: not known, the root), with keys in [Low, High).</summary>
internal readonly record struct PageVisit(ulong PageId, int Level, Key Low, Key High, bool HasHigh);

internal enum WalkStep { Page, Unreadable, Malformed, End }

/// <summary>
/// Visits every page of a quiet tree once, a parent before its children, leaves in the order of their keys. Loads what is not in memory; keeps a copy of
/// one page, a bit a page id, and the pages still to visit on one path. A page that is named twice is visited where it was named first; ids at or beyond the limit are not visited.
/// </summary>
internal sealed class IndexWalk
{
    private readonly PageCache _cache;
    private readonly PageLoader _loader;
    private readonly ulong _volumeTag;
    private readonly Stack<PageVisit> _toVisit = new();
    private readonly byte[] _page = GC.AllocateUninitializedArray<byte>(Limits.PageBytes, pinned: true);

    public IndexWalk(PageCache cache, PageLoader loader, ulong volumeTag, ulong idLimit)
    {
        (_cache, _loader, _volumeTag) = (cache, loader, volumeTag);
        Seen = new IdSet(idLimit);
        Seen.TryAdd(PageMapGeometry.RootPageId);
        _toVisit.Push(new PageVisit(PageMapGeometry.RootPageId, -1, default, default, HasHigh: false));
    }

    /// <summary>Ids of the pages visited, or about to be.</summary>
    public IdSet Seen { get; }
    public PageVisit At { get; private set; }
    public byte[] Page => _page;
    public bool IsLeaf { get; private set; }

    /// <summary>Why the last page was unreadable.</summary>
    public int Errno { get; private set; }

    /// <summary>Children that were not followed: twice in the tree, or never allocated.</summary>
    public Action<ulong, bool>? NotFollowed { get; init; }

    public async ValueTask<WalkStep> NextAsync()
    {
        if (!_toVisit.TryPop(out PageVisit visit))
        {
            return WalkStep.End;
        }
        At = visit;
        while (!TryCopy(visit.PageId))
        {
            int result = await _loader.LoadAsync(PageMapGeometry.TreeSpace, visit.PageId, _cache.FreeEpoch, FrameUse.Load).ConfigureAwait(false);
            if (result != 0)
            {
                Errno = -result;
                return WalkStep.Unreadable;
            }
        }
        return Accept(visit) ? WalkStep.Page : WalkStep.Malformed;
    }

    /// <summary>The next readable leaf; false at the end.</summary>
    public async ValueTask<bool> NextLeafAsync()
    {
        while (true)
        {
            WalkStep step = await NextAsync().ConfigureAwait(false);
            if (step == WalkStep.End || (step == WalkStep.Page && IsLeaf))
            {
                return step == WalkStep.Page;
            }
        }
    }

    private unsafe bool TryCopy(ulong pageId)
    {
        lock (_cache.Mutex)
        {
            if (!_cache.TryFindResidentLocked(PageCache.KeyOf(PageMapGeometry.TreeSpace, pageId), out int frame))
            {
                return false;
            }
            new ReadOnlySpan<byte>(_cache.PageAt(frame), Limits.PageBytes).CopyTo(_page);
            return true;
        }
    }

    private unsafe bool Accept(in PageVisit visit)
    {
        fixed (byte* page = _page)
        {
            int level = PageHeader.Level(page);
            IsLeaf = level == 0;
            if (!PageValidator.IsValid(page, PageMapGeometry.TreeSpace, visit.PageId, _volumeTag) || (visit.Level >= 0 && level != visit.Level))
            {
                return false;
            }
            if (!IsLeaf)
            {
                PushChildren(page, visit, level - 1);
            }
            return true;
        }
    }

    private unsafe void PushChildren(byte* page, in PageVisit visit, int level)
    {
        int count = InnerPage.Count(page);
        for (int i = count - 1; i >= 0; i--)
        {
            ulong child = InnerPage.ChildAt(page, i);
            if (!Seen.TryAdd(child))
            {
                NotFollowed?.Invoke(child, child < Seen.Limit);
                continue;
            }
            Key low = i == 0 ? visit.Low : InnerPage.KeyAt(page, i);
            Key high = i + 1 < count ? InnerPage.KeyAt(page, i + 1) : visit.High;
            _toVisit.Push(new PageVisit(child, level, low, high, i + 1 < count || visit.HasHigh));
        }
    }
}

/// <summary>A set of ids below a limit, one bit each.</summary>
internal sealed class IdSet(ulong limit)
{
    private readonly ulong[] _bits = new ulong[(limit / 64) + 1];

    public ulong Limit => limit;

    public bool Has(ulong id) => id < limit && (_bits[id / 64] >> (int)(id % 64) & 1) != 0;

    /// <summary>False when it is in the set already, or not below the limit.</summary>
    public bool TryAdd(ulong id)
    {
        if (id >= limit || Has(id))
        {
            return false;
        }
        _bits[id / 64] |= 1UL << (int)(id % 64);
        return true;
    }
}
