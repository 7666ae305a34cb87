using System.Runtime.CompilerServices;

namespace Txlfs.Lfs.Index;

/// <summary>
/// The children of one inner page: child i holds keys in [key i, key i + 1), child 0 all below key 1, the last all above its key. Searching is
/// safe on bytes that change underneath, as in <see cref="LeafPage"/>.
/// </summary>
internal static unsafe class InnerPage
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Count(byte* page) => Math.Min(PageHeader.Count(page), PageLayout.MaxInnerEntries);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Entry(byte* page, int index) => page + PageLayout.EntriesAt + index * PageLayout.InnerEntryBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Key KeyAt(byte* page, int index)
    {
        byte* entry = Entry(page, index);
        return new Key(*(ulong*)entry, *(ulong*)(entry + sizeof(ulong)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ChildAt(byte* page, int index) => *(ulong*)(Entry(page, index) + PageLayout.InnerChildAt);

    /// <summary>The child whose range holds the key; 0 also for an empty (torn) page.</summary>
    public static int Find(byte* page, Key key)
    {
        int low = 1, high = Count(page);
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            byte* entry = Entry(page, middle);
            ulong inode = *(ulong*)entry;
            bool isAtMost = inode != key.Inode ? inode < key.Inode : *(ulong*)(entry + sizeof(ulong)) <= key.Tail;
            low = isAtMost ? middle + 1 : low;
            high = isAtMost ? high : middle;
        }
        return low - 1;
    }

    public static bool IsFull(byte* page) => PageHeader.Count(page) == PageLayout.MaxInnerEntries;

    /// <summary>Inserts; the caller has checked <see cref="IsFull"/>.</summary>
    public static void Insert(byte* page, int index, Key key, ulong child)
    {
        int count = PageHeader.Count(page);
        byte* entry = Entry(page, index);
        Buffer.MemoryCopy(entry, entry + PageLayout.InnerEntryBytes, Limits.PageBytes, (count - index) * PageLayout.InnerEntryBytes);
        Set(entry, key, child);
        PageHeader.SetCount(page, count + 1);
    }

    /// <summary>Removes a child; its key range goes to the child on its left, or to the one on its right when it is the first.</summary>
    public static void Remove(byte* page, int index)
    {
        int count = PageHeader.Count(page);
        byte* entry = Entry(page, index);
        Buffer.MemoryCopy(entry + PageLayout.InnerEntryBytes, entry, Limits.PageBytes, (count - index - 1) * PageLayout.InnerEntryBytes);
        PageHeader.SetCount(page, count - 1);
    }

    /// <summary>Appends children [start, end) of one page to another that has room; the first of them gets <paramref name="firstKey"/>.</summary>
    public static void AppendRange(byte* target, byte* source, int start, int end, Key firstKey)
    {
        for (int i = start; i < end; i++)
        {
            Insert(target, PageHeader.Count(target), i == start ? firstKey : KeyAt(source, i), ChildAt(source, i));
        }
    }

    public static void Truncate(byte* page, int start) => PageHeader.SetCount(page, start);

    private static void Set(byte* entry, Key key, ulong child)
    {
        *(ulong*)entry = key.Inode;
        *(ulong*)(entry + sizeof(ulong)) = key.Tail;
        *(ulong*)(entry + PageLayout.InnerChildAt) = child;
    }
}
