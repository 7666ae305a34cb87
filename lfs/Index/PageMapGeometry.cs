namespace Txlfs.Lfs.Index;

/// <summary>
/// The shape of the page map: a radix tree over page ids. Space 0 holds the tree's pages, space 1 the map pages whose entries point at
/// them, space 2 the map pages that point at those of space 1, and so on. A page of space s has a number n in its space, and its pointer
/// is entry n % 127 of page n / 127 of space s + 1: 127 pointers fit beside the header that makes a map page self-describing.
/// </summary>
internal static class PageMapGeometry
{
    public const int TreeSpace = 0;
    public const int EntriesPerPage = (Limits.PageBytes - PageLayout.HeaderBytes) / PagePointer.SizeBytes;

    /// <summary>127^7 is beyond <see cref="MaxPageId"/>.</summary>
    public const int MaxHeight = 7;
    public const ulong RootPageId = 1;
    public const ulong MaxPageId = 1UL << 48;

    public static ulong ParentOf(ulong pageId) => pageId / EntriesPerPage;

    public static int EntryOf(ulong pageId) => (int)(pageId % EntriesPerPage);

    /// <summary>How many ids (0 included) a map of this height reaches.</summary>
    public static ulong PagesUnder(int height)
    {
        ulong pages = 1;
        for (int i = 0; i < height; i++)
        {
            pages *= EntriesPerPage;
        }
        return pages;
    }

    public static int HeightFor(ulong nextPageId)
    {
        int height = 1;
        while (PagesUnder(height) < nextPageId)
        {
            height++;
        }
        return height;
    }
}
