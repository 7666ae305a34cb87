namespace Txlfs.Lfs.Index;

/// <summary>127 page pointers. Read and changed only under the cache's mutex.</summary>
internal static unsafe class MapPage
{
    public static PagePointer Get(byte* page, int entry) => *(PagePointer*)(page + PageLayout.EntriesAt + entry * PagePointer.SizeBytes);

    public static void Set(byte* page, int entry, in PagePointer pointer)
        => *(PagePointer*)(page + PageLayout.EntriesAt + entry * PagePointer.SizeBytes) = pointer;
}
