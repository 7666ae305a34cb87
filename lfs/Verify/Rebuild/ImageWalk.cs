using Txlfs.Journal.Device;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify.Rebuild;

internal enum ImageStep { Leaf, Hole, End }

/// <summary>
/// Goes down from the root through the newest images, as the tree would: leaves in key order, each with the range that its parents give it, and holes where there
/// is no image, or one of another level, or one that was met already. The path's pages only are in memory.
/// </summary>
internal sealed class ImageWalk
{
    private readonly VolumeEngine _engine;
    private readonly PageTable _pages;
    private readonly ulong _volumeTag;
    private readonly Stack<PageVisit> _toVisit = new();
    private readonly byte[] _page = GC.AllocateUninitializedArray<byte>(Limits.PageBytes, pinned: true);

    public ImageWalk(VolumeEngine engine, PageTable pages, ulong volumeTag)
    {
        (_engine, _pages, _volumeTag) = (engine, pages, volumeTag);
        pages.Sort();
        for (int i = 0; i < pages.Count; i++)
        {
            pages[i].IsUsed = false;
        }
        _toVisit.Push(new PageVisit(PageMapGeometry.RootPageId, -1, default, default, HasHigh: false));
    }

    /// <summary>The range of the leaf, or of the hole.</summary>
    public PageVisit At { get; private set; }
    public byte[] Page => _page;
    public int Image { get; private set; }

    public async ValueTask<ImageStep> NextAsync()
    {
        while (_toVisit.TryPop(out PageVisit visit))
        {
            At = visit;
            Image = _pages.Find(visit.PageId);
            if (Image < 0 || _pages[Image].IsUsed || !await ReadAsync(_pages[Image]).ConfigureAwait(false) || !Enter(visit, out bool isLeaf))
            {
                return ImageStep.Hole;
            }
            _pages[Image].IsUsed = true;
            if (isLeaf)
            {
                return ImageStep.Leaf;
            }
        }
        return ImageStep.End;
    }

    /// <summary>Reads an image and proves that it is the one that was found.</summary>
    public async ValueTask<bool> ReadAsync(PageImage image)
    {
        NativeSlice scratch = _engine.Scratch.Rent();
        try
        {
            NativeSlice stored = scratch.Slice(0, image.StoredBytes);
            return await _engine.ReadStoredAsync(image.AddressBytes, stored).ConfigureAwait(false) == 0 && Accept(image, stored);
        }
        finally
        {
            _engine.Scratch.Return(scratch);
        }
    }

    private unsafe bool Accept(in PageImage image, NativeSlice stored)
    {
        if (PageScan.DigestHead(_engine.ChecksumKind, stored.Span) != image.Digest || !PageScan.TryUnpack(image.Codec, stored.Span, _page))
        {
            return false;
        }
        fixed (byte* page = _page)
        {
            return PageValidator.IsValid(page, PageMapGeometry.TreeSpace, image.PageId, _volumeTag);
        }
    }

    /// <summary>False: the page is not of the level that its parent says.</summary>
    private unsafe bool Enter(in PageVisit visit, out bool isLeaf)
    {
        fixed (byte* page = _page)
        {
            int level = PageHeader.Level(page);
            isLeaf = level == 0;
            if (visit.Level >= 0 && level != visit.Level)
            {
                return false;
            }
            int count = isLeaf ? 0 : InnerPage.Count(page);
            for (int i = count - 1; i >= 0; i--)
            {
                // What an older image of a page says beyond its range now belongs to others.
                Key low = i == 0 || InnerPage.KeyAt(page, i) < visit.Low ? visit.Low : InnerPage.KeyAt(page, i);
                bool hasOwnHigh = i + 1 < count && (!visit.HasHigh || InnerPage.KeyAt(page, i + 1) < visit.High);
                Key high = hasOwnHigh ? InnerPage.KeyAt(page, i + 1) : visit.High;
                bool hasHigh = hasOwnHigh || visit.HasHigh;
                if (!hasHigh || low < high)
                {
                    _toVisit.Push(new PageVisit(InnerPage.ChildAt(page, i), level - 1, low, high, hasHigh));
                }
            }
            return true;
        }
    }
}
