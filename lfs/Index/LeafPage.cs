using System.Runtime.CompilerServices;

namespace Txlfs.Lfs.Index;

/// <summary>
/// The records of one leaf. The searching half is used by optimistic readers on bytes that may change under them: every index and offset
/// is clamped to the page, so that garbage gives a wrong answer (which validation throws away) and never an access outside. The changing
/// half is the writer's, on validated pages.
/// </summary>
internal static unsafe class LeafPage
{
    /// <summary>The entry count, clamped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Count(byte* page) => Math.Min(PageHeader.Count(page), PageLayout.MaxLeafEntries);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Entry(byte* page, int index) => page + PageLayout.EntriesAt + index * PageLayout.LeafEntryBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Key KeyAt(byte* page, int index)
    {
        byte* entry = Entry(page, index);
        return new Key(*(ulong*)entry, *(ulong*)(entry + sizeof(ulong)));
    }

    /// <summary>The number of keys less than <paramref name="key"/>: where it is, or belongs.</summary>
    public static int LowerBound(byte* page, Key key)
    {
        int low = 0, high = Count(page);
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            byte* entry = Entry(page, middle);
            ulong inode = *(ulong*)entry;
            bool isLess = inode != key.Inode ? inode < key.Inode : *(ulong*)(entry + sizeof(ulong)) < key.Tail;
            low = isLess ? middle + 1 : low;
            high = isLess ? high : middle;
        }
        return low;
    }

    /// <summary>True when the key is at <paramref name="index"/>; otherwise the index is where it belongs.</summary>
    public static bool TryFind(byte* page, Key key, out int index)
    {
        index = LowerBound(page, key);
        return index < Count(page) && KeyAt(page, index) == key;
    }

    /// <summary>The value's place, clamped to the page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> ValueAt(byte* page, int index)
    {
        byte* entry = Entry(page, index);
        int offset = Math.Min((int)*(ushort*)(entry + PageLayout.LeafValueOffsetAt), Limits.PageBytes);
        int length = Math.Min((int)*(ushort*)(entry + PageLayout.LeafValueLengthAt), Limits.PageBytes - offset);
        return new ReadOnlySpan<byte>(page + offset, length);
    }

    public static int HeapStart(byte* page) => *(ushort*)(page + PageLayout.HeapStartAt);

    public static int Garbage(byte* page) => *(ushort*)(page + PageLayout.GarbageAt);

    /// <summary>Bytes that new entries and values can have, after compaction when need be.</summary>
    public static int FreeBytes(byte* page) => HeapStart(page) + Garbage(page) - EntriesEnd(page);

    public static int UsedBytes(byte* page) => PageLayout.LeafCapacityBytes - FreeBytes(page);

    public static int RecordBytes(int valueLengthBytes) => PageLayout.LeafEntryBytes + valueLengthBytes;

    /// <summary>Inserts at an index found by <see cref="TryFind"/>; the caller has checked <see cref="FreeBytes"/>.</summary>
    public static void Insert(byte* page, int index, Key key, ReadOnlySpan<byte> value)
    {
        int count = PageHeader.Count(page);
        if (HeapStart(page) - EntriesEnd(page) < RecordBytes(value.Length))
        {
            Compact(page);
        }
        byte* entry = Entry(page, index);
        Buffer.MemoryCopy(entry, entry + PageLayout.LeafEntryBytes, Limits.PageBytes, (count - index) * PageLayout.LeafEntryBytes);
        PageHeader.SetCount(page, count + 1);
        *(ulong*)entry = key.Inode;
        *(ulong*)(entry + sizeof(ulong)) = key.Tail;
        PlaceValue(page, entry, value);
    }

    public static void Remove(byte* page, int index)
    {
        int count = PageHeader.Count(page);
        byte* entry = Entry(page, index);
        AddGarbage(page, *(ushort*)(entry + PageLayout.LeafValueLengthAt));
        Buffer.MemoryCopy(entry + PageLayout.LeafEntryBytes, entry, Limits.PageBytes, (count - index - 1) * PageLayout.LeafEntryBytes);
        PageHeader.SetCount(page, count - 1);
        if (count == 1)
        {
            SetHeap(page, Limits.PageBytes, 0);
        }
    }

    /// <summary>Replaces a value when the page has room for it; false leaves the page as it was.</summary>
    public static bool TryReplace(byte* page, int index, ReadOnlySpan<byte> value)
    {
        byte* entry = Entry(page, index);
        int oldLength = *(ushort*)(entry + PageLayout.LeafValueLengthAt);
        if (value.Length <= oldLength)
        {
            int offset = *(ushort*)(entry + PageLayout.LeafValueOffsetAt);
            value.CopyTo(new Span<byte>(page + offset, value.Length));
            *(ushort*)(entry + PageLayout.LeafValueLengthAt) = (ushort)value.Length;
            AddGarbage(page, oldLength - value.Length);
            return true;
        }
        if (FreeBytes(page) + oldLength < value.Length)
        {
            return false;
        }
        // The old value is given up first, so that compaction may use its room: length 0 keeps the entry itself valid.
        *(ushort*)(entry + PageLayout.LeafValueLengthAt) = 0;
        AddGarbage(page, oldLength);
        if (HeapStart(page) - EntriesEnd(page) < value.Length)
        {
            Compact(page);
        }
        PlaceValue(page, entry, value);
        return true;
    }

    /// <summary>Appends records [start, end) of one leaf to another; the target has room.</summary>
    public static void AppendRange(byte* target, byte* source, int start, int end)
    {
        for (int i = start; i < end; i++)
        {
            Insert(target, PageHeader.Count(target), KeyAt(source, i), ValueAt(source, i));
        }
    }

    /// <summary>Removes records [start, count) at once.</summary>
    public static void Truncate(byte* page, int start)
    {
        int released = 0;
        for (int i = start, count = PageHeader.Count(page); i < count; i++)
        {
            released += *(ushort*)(Entry(page, i) + PageLayout.LeafValueLengthAt);
        }
        AddGarbage(page, released);
        PageHeader.SetCount(page, start);
        if (start == 0)
        {
            SetHeap(page, Limits.PageBytes, 0);
        }
    }

    private static int EntriesEnd(byte* page) => PageLayout.EntriesAt + PageHeader.Count(page) * PageLayout.LeafEntryBytes;

    private static void PlaceValue(byte* page, byte* entry, ReadOnlySpan<byte> value)
    {
        int offset = HeapStart(page) - value.Length;
        value.CopyTo(new Span<byte>(page + offset, value.Length));
        *(ushort*)(entry + PageLayout.LeafValueOffsetAt) = (ushort)offset;
        *(ushort*)(entry + PageLayout.LeafValueLengthAt) = (ushort)value.Length;
        *(ushort*)(page + PageLayout.HeapStartAt) = (ushort)offset;
    }

    private static void AddGarbage(byte* page, int bytes) => *(ushort*)(page + PageLayout.GarbageAt) += (ushort)bytes;

    private static void SetHeap(byte* page, int start, int garbage)
    {
        *(ushort*)(page + PageLayout.HeapStartAt) = (ushort)start;
        *(ushort*)(page + PageLayout.GarbageAt) = (ushort)garbage;
    }

    /// <summary>Moves the values together at the page's end.</summary>
    private static void Compact(byte* page)
    {
        byte* old = stackalloc byte[Limits.PageBytes];
        Unsafe.CopyBlockUnaligned(old, page, Limits.PageBytes);
        int start = Limits.PageBytes;
        for (int i = 0, count = PageHeader.Count(page); i < count; i++)
        {
            ReadOnlySpan<byte> value = ValueAt(old, i);
            start -= value.Length;
            value.CopyTo(new Span<byte>(page + start, value.Length));
            *(ushort*)(Entry(page, i) + PageLayout.LeafValueOffsetAt) = (ushort)start;
        }
        SetHeap(page, start, 0);
    }
}
