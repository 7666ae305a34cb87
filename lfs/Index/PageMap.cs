namespace Txlfs.Lfs.Index;

/// <summary>
/// Where pages are stored: the root of the radix tree whose pages live in the page cache. Read by loads, changed by the one running
/// checkpoint; both under the cache's mutex, so that a load sees a page's new place as soon as it may be evicted.
/// </summary>
internal sealed unsafe class PageMap(PageCache cache)
{
    public int Height { get; private set; }
    public PagePointer Root { get; private set; }

    public void Open(in IndexRoot root)
    {
        Height = root.MapHeight;
        Root = root.MapRoot;
    }

    public void SetRootLocked(in PagePointer root) => Root = root;

    /// <summary>One more level; its page is in memory already, and points at what was the root.</summary>
    public void GrowLocked()
    {
        Height++;
        Root = default;
    }

    public enum Answer { Pointer, ParentMissing, ParentLoading }

    /// <summary>The pointer of a page (all zeros when it has none), or the map page that must be loaded first, or the frame in which that is being loaded.</summary>
    public Answer FindLocked(int space, ulong pageId, out PagePointer pointer, out int loadingFrame)
    {
        pointer = default;
        loadingFrame = -1;
        if (space >= Height)
        {
            pointer = space == Height && pageId == 0 ? Root : default;
            return Answer.Pointer;
        }
        int parent = cache.FindLocked(PageCache.KeyOf(space + 1, PageMapGeometry.ParentOf(pageId)));
        if (parent < 0)
        {
            return Answer.ParentMissing;
        }
        Frame* at = cache.At(parent);
        if (at->State == FrameState.Loading)
        {
            loadingFrame = parent;
            return Answer.ParentLoading;
        }
        at->Referenced = 1;
        pointer = MapPage.Get(cache.PageAt(parent), PageMapGeometry.EntryOf(pageId));
        return Answer.Pointer;
    }
}
