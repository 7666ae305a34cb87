using System.Runtime.CompilerServices;

namespace Txlfs.Lfs.Index;

/// <summary>Reads and writes the header that all pages share. The host is little-endian (checked once by the cache), so fields are plain unaligned loads.</summary>
internal static unsafe class PageHeader
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PageKind Kind(byte* page) => (PageKind)page[PageLayout.KindAt];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Level(byte* page) => page[PageLayout.LevelAt];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Count(byte* page) => *(ushort*)(page + PageLayout.CountAt);

    public static void SetCount(byte* page, int count) => *(ushort*)(page + PageLayout.CountAt) = (ushort)count;

    public static ulong PageId(byte* page) => *(ulong*)(page + PageLayout.PageIdAt);

    public static ulong Csn(byte* page) => *(ulong*)(page + PageLayout.CsnAt);

    public static void SetCsn(byte* page, ulong csn) => *(ulong*)(page + PageLayout.CsnAt) = csn;

    public static void SetCheckpoint(byte* page, ulong number) => *(ulong*)(page + PageLayout.CheckpointAt) = number;

    public static ulong Checkpoint(byte* page) => *(ulong*)(page + PageLayout.CheckpointAt);

    public static void Format(byte* page, PageKind kind, int level, ulong pageId, ulong volumeTag)
    {
        Unsafe.InitBlockUnaligned(page, 0, Limits.PageBytes);
        *(uint*)(page + PageLayout.MagicAt) = PageLayout.Magic;
        page[PageLayout.KindAt] = (byte)kind;
        page[PageLayout.LevelAt] = (byte)level;
        *(ulong*)(page + PageLayout.PageIdAt) = pageId;
        *(ulong*)(page + PageLayout.VolumeTagAt) = volumeTag;
        if (kind == PageKind.Leaf)
        {
            *(ushort*)(page + PageLayout.HeapStartAt) = Limits.PageBytes;
        }
    }

    /// <summary>Replaces a page's content by another's of the same volume, but keeps its own id.</summary>
    public static void CopyContent(byte* target, byte* source)
    {
        ulong pageId = PageId(target);
        Unsafe.CopyBlockUnaligned(target, source, Limits.PageBytes);
        *(ulong*)(target + PageLayout.PageIdAt) = pageId;
    }
}
