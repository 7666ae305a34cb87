using System.Runtime.InteropServices;
using Txlfs.Lfs;
using Txlfs.Lfs.Index;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>Wrong records, wrong pages and wrong pointers behind right checksums.</summary>
internal static class IndexMutations
{
    /// <summary>Changes, adds and drops records of one leaf; the page stays a valid page.</summary>
    public static string ChangeRecords(ImageEditor editor, SeededRandom random)
    {
        List<ulong> leaves = [.. editor.TreePages().Where(id => LeafRecords.IsLeaf(editor.Page(PageId.Tree(id))))];
        ulong leaf = random.Pick(leaves);
        byte[] page = [.. editor.Page(PageId.Tree(leaf))!];
        List<(Key Key, byte[] Value)> records = LeafRecords.Read(page);
        List<ulong> inodes = Inodes(editor);
        List<string> told = [];
        for (int i = random.Between(1, 3); i > 0 && records.Count > 0; i--)
        {
            int at = random.Below(records.Count);
            (Key key, byte[] value) = records[at];
            told.Add($"{key}");
            if (random.OneIn(6))
            {
                records.RemoveAt(at);
                continue;
            }
            (Key key, byte[] value) changed = RecordChanger.Change(random, key, value, inodes);
            if (changed.key == key || random.OneIn(2))
            {
                records.RemoveAt(at);
            }
            records.Add(changed);
        }
        LeafRecords.Write(records, page);
        editor.SetPage(PageId.Tree(leaf), page);
        return $"records of leaf {leaf}: {string.Join(", ", told)}";
    }

    /// <summary>Changes bytes of any page of the index: header, entries or heap.</summary>
    public static string ChangePage(ImageEditor editor, SeededRandom random)
    {
        PageId page = PickPage(editor, random);
        byte[] bytes = [.. editor.Page(page)!];
        string what = random.OneIn(3)
            ? HostileNumbers.ChangeAnywhere(random, bytes)
            : HostileNumbers.ChangeAnywhere(random, bytes.AsSpan(0, random.Pick([PageLayout.HeaderBytes, 256, 1024])));
        editor.SetPage(page, bytes);
        return $"page {page}: {what}";
    }

    /// <summary>Children that are other pages, the page itself, or one above it.</summary>
    public static string ChangeChildren(ImageEditor editor, SeededRandom random)
    {
        List<ulong> pages = [.. editor.TreePages()];
        List<ulong> inner = [.. pages.Where(id => !LeafRecords.IsLeaf(editor.Page(PageId.Tree(id))))];
        if (inner.Count == 0)
        {
            return ChangePage(editor, random);
        }
        ulong id = random.Pick(inner);
        byte[] page = [.. editor.Page(PageId.Tree(id))!];
        int entry = random.Below(Math.Max(1, (int)BitConverter.ToUInt16(page, PageLayout.CountAt)));
        ulong child = random.OneIn(4) ? HostileNumbers.Draw(random, id) : random.Pick(pages);
        BitConverter.TryWriteBytes(page.AsSpan(PageLayout.EntriesAt + (entry * PageLayout.InnerEntryBytes) + PageLayout.InnerChildAt), child);
        editor.SetPage(PageId.Tree(id), page);
        return $"child {entry} of inner page {id} is {child}";
    }

    /// <summary>A pointer's own fields, or two pages' pointers exchanged, or a free list that bends back.</summary>
    public static string ChangePointer(ImageEditor editor, SeededRandom random)
    {
        PageId page = PickPage(editor, random);
        PagePointer pointer = editor.Pointer(page);
        string what;
        switch (random.Below(4))
        {
            case 0:
                PageId other = PickPage(editor, random);
                pointer = editor.Pointer(other);
                what = $"that of {other}";
                break;
            case 1:
                pointer = PagePointer.FreeEntry(HostileNumbers.Draw(random, page.Id));
                what = $"free, next {pointer.AddressBytes}";
                break;
            default:
                Span<byte> bytes = MemoryMarshal.AsBytes(new Span<PagePointer>(ref pointer));
                what = HostileNumbers.ChangeAnywhere(random, bytes[..random.Pick([16, 24, 64])]);
                break;
        }
        editor.SetPointer(page, pointer);
        return $"pointer of {page}: {what}";
    }

    /// <summary>Makes the list of free page ids bend back into itself, or run into pages that are used.</summary>
    public static string BendFreeList(ImageEditor editor, SeededRandom random)
    {
        List<ulong> free = [];
        for (ulong id = 2; id < editor.Record.Index.NextPageId; id++)
        {
            if (editor.Pointer(PageId.Tree(id)).IsFree)
            {
                free.Add(id);
            }
        }
        if (free.Count == 0)
        {
            return ChangePointer(editor, random);
        }
        ulong from = random.Pick(free);
        ulong to = random.OneIn(3) ? (ulong)random.Between(0, (int)editor.Record.Index.NextPageId + 1) : random.Pick(free);
        editor.SetPointer(PageId.Tree(from), PagePointer.FreeEntry(to));
        return $"free page id {from} is followed by {to}";
    }

    /// <summary>The segment table: live counts, states, sequence numbers, and the pointers above.</summary>
    public static string ChangeSegmentTable(ImageEditor editor, SeededRandom random)
    {
        PageId page = random.Pick([PageId.TableChunk(0), PageId.TableChunk(0), PageId.TableDirectory(0), PageId.TableRoot]);
        if (editor.Page(page) is not { } known)
        {
            return "nothing (no segment table)";
        }
        byte[] bytes = [.. known];
        int usedBytes = page == PageId.TableChunk(0) ? (int)editor.Superblock.SegmentCount * Lfs.Segments.SegmentImage.EntryBytes : PagePointer.SizeBytes;
        string what = HostileNumbers.ChangeAnywhere(random, bytes.AsSpan(0, usedBytes));
        editor.SetPage(page, bytes);
        return $"segment table {page}: {what}";
    }

    /// <summary>The inodes that there are, the reserved numbers beside them, and one that there is not.</summary>
    public static List<ulong> Inodes(ImageEditor editor)
    {
        List<ulong> inodes = [0, Limits.RootInode, Limits.RootInode, 2, Limits.FirstFreeInode, editor.Record.NextInode, editor.Record.NextInode - 1, ulong.MaxValue];
        foreach (ulong id in editor.TreePages())
        {
            byte[] page = editor.Page(PageId.Tree(id))!;
            if (LeafRecords.IsLeaf(page))
            {
                inodes.AddRange(LeafRecords.Read(page).Where(record => record.Key.Kind == RecordKind.Inode).Take(8).Select(record => record.Key.Inode));
            }
        }
        return inodes;
    }

    private static PageId PickPage(ImageEditor editor, SeededRandom random)
    {
        List<ulong> pages = [.. editor.TreePages()];
        PageId page = PageId.Tree(random.Pick(pages));
        while (!page.IsTop(editor.Record.Index.MapHeight) && random.OneIn(2))
        {
            page = page.Parent;
        }
        return editor.Page(page) is null ? PageId.Tree(PageMapGeometry.RootPageId) : page;
    }
}
