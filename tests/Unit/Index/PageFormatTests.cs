using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Txlfs.Journal.Codec;
using Txlfs.Lfs;
using Txlfs.Lfs.Index;
using Xunit;

namespace Txlfs.Tests.Unit.Index;

/// <summary>The bytes of lfs/FORMAT.md, "Index pages and node map". A change here is a change of the format.</summary>
public class PageFormatTests
{
    [Fact]
    public unsafe void LeafBytes()
    {
        byte* page = stackalloc byte[Limits.PageBytes];
        PageHeader.Format(page, PageKind.Leaf, 0, 0x0102030405060708, 0x1112131415161718);
        PageHeader.SetCsn(page, 0x2122232425262728);
        PageHeader.SetCheckpoint(page, 0x3132333435363738);
        LeafPage.Insert(page, 0, new Key(0x4142434445464748, 0x5152535455565758), "valuevalue"u8);
        var bytes = new ReadOnlySpan<byte>(page, Limits.PageBytes);
        Assert.Equal("TXIP"u8, bytes[..4]);
        Assert.Equal([1, 0, 1, 0], bytes[4..8].ToArray());
        Assert.Equal(0x0102030405060708UL, U64(bytes, 8));
        Assert.Equal(0x2122232425262728UL, U64(bytes, 16));
        Assert.Equal(0x3132333435363738UL, U64(bytes, 24));
        Assert.Equal(0x1112131415161718UL, U64(bytes, 32));
        Assert.Equal(8182, BinaryPrimitives.ReadUInt16LittleEndian(bytes[40..]));
        Assert.Equal(0, BinaryPrimitives.ReadUInt16LittleEndian(bytes[42..]));
        Assert.False(bytes[44..64].ContainsAnyExcept((byte)0));
        Assert.Equal(0x4142434445464748UL, U64(bytes, 64));
        Assert.Equal(0x5152535455565758UL, U64(bytes, 72));
        Assert.Equal(8182, BinaryPrimitives.ReadUInt16LittleEndian(bytes[80..]));
        Assert.Equal(10, BinaryPrimitives.ReadUInt16LittleEndian(bytes[82..]));
        Assert.Equal("valuevalue"u8, bytes[8182..]);
        Assert.Equal(406, PageLayout.MaxLeafEntries);
        LeafPage.Remove(page, 0);
        Assert.Equal(PageLayout.LeafCapacityBytes, LeafPage.FreeBytes(page));
    }

    [Fact]
    public unsafe void InnerBytes()
    {
        byte* page = stackalloc byte[Limits.PageBytes];
        PageHeader.Format(page, PageKind.Inner, 3, 9, 1);
        InnerPage.Insert(page, 0, default, 77);
        InnerPage.Insert(page, 1, new Key(5, 6), 78);
        var bytes = new ReadOnlySpan<byte>(page, Limits.PageBytes);
        Assert.Equal([2, 3, 2, 0], bytes[4..8].ToArray());
        Assert.Equal(77UL, U64(bytes, 64 + 16));
        Assert.Equal(5UL, U64(bytes, 64 + 24));
        Assert.Equal(6UL, U64(bytes, 64 + 32));
        Assert.Equal(78UL, U64(bytes, 64 + 40));
        Assert.Equal(338, PageLayout.MaxInnerEntries);
        Assert.Equal(1, InnerPage.Find(page, new Key(5, 6)));
        Assert.Equal(0, InnerPage.Find(page, new Key(5, 5)));
    }

    [Fact]
    public unsafe void MapBytes()
    {
        Assert.Equal(127, PageMapGeometry.EntriesPerPage);
        Assert.Equal(64, Unsafe.SizeOf<PagePointer>());
        byte* page = stackalloc byte[Limits.PageBytes];
        PageHeader.Format(page, PageKind.Map, 2, 9, 1);
        var pointer = new PagePointer
        {
            AddressBytes = 0x0102030405060708, StoredLengthBytes = 0x11121314, Codec = CodecKind.Zstd, Flags = PagePointerFlags.None,
            BirthCheckpoint = 0x2122232425262728,
        };
        ((Span<byte>)pointer.Digest).Fill(0xEE);
        MapPage.Set(page, 126, pointer);
        ReadOnlySpan<byte> entry = new ReadOnlySpan<byte>(page, Limits.PageBytes)[(64 + 126 * 64)..];
        Assert.Equal(0x0102030405060708UL, U64(entry, 0));
        Assert.Equal(0x11121314U, BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]));
        Assert.Equal([2, 0, 0, 0], entry[12..16].ToArray());
        Assert.Equal(0x2122232425262728UL, U64(entry, 16));
        Assert.False(entry[24..56].ContainsAnyExcept((byte)0xEE));
        Assert.Equal(0UL, U64(entry, 56));
        Assert.Equal([3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], Bytes(PagePointer.FreeEntry(3))[..14]);
    }

    [Fact]
    public void RootBytes()
    {
        var root = new IndexRoot
        {
            MapHeight = 2, NextPageId = 1000, FreeHead = 17, FreeCount = 3, Records = 5, CheckpointNumber = 6,
            MapRoot = new PagePointer { AddressBytes = 4096, StoredLengthBytes = 100 },
        };
        var bytes = new byte[IndexRoot.SizeBytes];
        root.Write(bytes);
        Assert.Equal(128, IndexRoot.SizeBytes);
        Assert.Equal("TXIR"u8, bytes.AsSpan(0, 4));
        Assert.Equal([1, 2, 0, 0], bytes[4..8]);
        Assert.Equal([1000UL, 17UL, 3UL, 5UL, 6UL], Enumerable.Range(1, 5).Select(i => U64(bytes, 8 * i)));
        Assert.Equal(4096UL, U64(bytes, 64));
        Assert.True(IndexRoot.TryRead(bytes, out IndexRoot read));
        Assert.Equal(996UL, read.Pages);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] hostile = [.. bytes];
            new Random(i).NextBytes(hostile.AsSpan(i % 60, 4));
            if (IndexRoot.TryRead(hostile, out read))
            {
                Assert.True(read.FreeHead < read.NextPageId && read.MapHeight is > 0 and <= 7);
            }
        }
    }

    private static byte[] Bytes(PagePointer pointer)
    {
        var bytes = new byte[PagePointer.SizeBytes];
        System.Runtime.InteropServices.MemoryMarshal.Write(bytes, in pointer);
        return bytes;
    }

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
