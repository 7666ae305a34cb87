using System.Buffers.Binary;
using Txlfs.Lfs;
using Txlfs.Lfs.Index;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>The records of a leaf as a list, and a leaf made of such a list: valid as a page, whatever the records say.</summary>
internal static class LeafRecords
{
    public static bool IsLeaf(ReadOnlySpan<byte> page) => page[PageLayout.KindAt] == (byte)PageKind.Leaf;

    public static List<(Key Key, byte[] Value)> Read(ReadOnlySpan<byte> page)
    {
        List<(Key, byte[])> records = [];
        int count = BinaryPrimitives.ReadUInt16LittleEndian(page[PageLayout.CountAt..]);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = page.Slice(PageLayout.EntriesAt + (i * PageLayout.LeafEntryBytes), PageLayout.LeafEntryBytes);
            var key = new Key(BinaryPrimitives.ReadUInt64LittleEndian(entry), BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]));
            int offset = BinaryPrimitives.ReadUInt16LittleEndian(entry[PageLayout.LeafValueOffsetAt..]);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(entry[PageLayout.LeafValueLengthAt..]);
            records.Add((key, page.Slice(offset, length).ToArray()));
        }
        return records;
    }

    /// <summary>Writes the records in key order behind the page's own header; what does not fit is left out.</summary>
    public static void Write(List<(Key Key, byte[] Value)> records, Span<byte> page)
    {
        page[PageLayout.EntriesAt..].Clear();
        int count = 0, heap = Limits.PageBytes;
        Key? previous = null;
        foreach ((Key key, byte[] value) in records.OrderBy(record => record.Key))
        {
            int entryAt = PageLayout.EntriesAt + (count * PageLayout.LeafEntryBytes);
            if (key == previous || entryAt + PageLayout.LeafEntryBytes > heap - value.Length)
            {
                continue;
            }
            heap -= value.Length;
            value.CopyTo(page[heap..]);
            Span<byte> entry = page[entryAt..];
            BinaryPrimitives.WriteUInt64LittleEndian(entry, key.Inode);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], key.Tail);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[PageLayout.LeafValueOffsetAt..], (ushort)heap);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[PageLayout.LeafValueLengthAt..], (ushort)value.Length);
            count++;
            previous = key;
        }
        BinaryPrimitives.WriteUInt16LittleEndian(page[PageLayout.CountAt..], (ushort)count);
        BinaryPrimitives.WriteUInt16LittleEndian(page[PageLayout.HeapStartAt..], (ushort)heap);
        BinaryPrimitives.WriteUInt16LittleEndian(page[PageLayout.GarbageAt..], 0);
    }
}
