namespace Txlfs.Lfs.Index;

/// <summary>
/// Checks a page that was read from the device, once, before anybody else sees it: after this the writer may trust every offset in it.
/// The checksum has been verified already; this guards against pages that were written wrong, put in another's place, or made by hand.
/// </summary>
internal static unsafe class PageValidator
{
    public static bool IsValid(byte* page, int space, ulong pageId, ulong volumeTag)
    {
        if (*(uint*)(page + PageLayout.MagicAt) != PageLayout.Magic || PageHeader.PageId(page) != pageId
            || *(ulong*)(page + PageLayout.VolumeTagAt) != volumeTag)
        {
            return false;
        }
        return PageHeader.Kind(page) switch
        {
            PageKind.Leaf => space == PageMapGeometry.TreeSpace && PageHeader.Level(page) == 0 && IsLeafValid(page),
            PageKind.Inner => space == PageMapGeometry.TreeSpace && PageHeader.Level(page) is > 0 and < PageLayout.MaxLevels && IsInnerValid(page),
            PageKind.Map => space > PageMapGeometry.TreeSpace && PageHeader.Level(page) == space,
            _ => false,
        };
    }

    private static bool IsLeafValid(byte* page)
    {
        int count = PageHeader.Count(page);
        int heapStart = LeafPage.HeapStart(page);
        if (count > PageLayout.MaxLeafEntries || heapStart > Limits.PageBytes || heapStart < PageLayout.EntriesAt + count * PageLayout.LeafEntryBytes)
        {
            return false;
        }
        int valueBytes = 0;
        for (int i = 0; i < count; i++)
        {
            byte* entry = LeafPage.Entry(page, i);
            int offset = *(ushort*)(entry + PageLayout.LeafValueOffsetAt);
            int length = *(ushort*)(entry + PageLayout.LeafValueLengthAt);
            if (offset < heapStart || offset + length > Limits.PageBytes || length is < PageLayout.MinValueBytes or > Limits.MaxValueBytes
                || (i > 0 && LeafPage.KeyAt(page, i - 1) >= LeafPage.KeyAt(page, i)))
            {
                return false;
            }
            valueBytes += length;
        }
        return valueBytes + LeafPage.Garbage(page) == Limits.PageBytes - heapStart && AreValuesApart(page, count);
    }

    /// <summary>Values that overlap would overrun the page when it is compacted or merged.</summary>
    private static bool AreValuesApart(byte* page, int count)
    {
        Span<byte> used = stackalloc byte[Limits.PageBytes];
        used.Clear();
        for (int i = 0; i < count; i++)
        {
            byte* entry = LeafPage.Entry(page, i);
            Span<byte> value = used.Slice(*(ushort*)(entry + PageLayout.LeafValueOffsetAt), *(ushort*)(entry + PageLayout.LeafValueLengthAt));
            if (value.ContainsAnyExcept((byte)0))
            {
                return false;
            }
            value.Fill(1);
        }
        return true;
    }

    private static bool IsInnerValid(byte* page)
    {
        int count = PageHeader.Count(page);
        if (count is 0 or > PageLayout.MaxInnerEntries)
        {
            return false;
        }
        for (int i = 0; i < count; i++)
        {
            ulong child = InnerPage.ChildAt(page, i);
            if (child <= PageMapGeometry.RootPageId || child >= PageMapGeometry.MaxPageId
                || (i > 1 && InnerPage.KeyAt(page, i - 1) >= InnerPage.KeyAt(page, i)))
            {
                return false;
            }
        }
        return true;
    }
}
