using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Txlfs.Lfs.Index;

/// <summary>All that is needed to find the index again; a part of the checkpoint record. Binary layout: lfs/FORMAT.md, "Index pages and node map".</summary>
internal record struct IndexRoot
{
    public const int SizeBytes = 128;
    public const uint Magic = 0x52495854; // "TXIR"
    public const byte FormatVersion = 1;

    /// <summary>Levels of the page map; 0 only before the first checkpoint.</summary>
    public byte MapHeight;

    /// <summary>The least page id never used.</summary>
    public ulong NextPageId;

    /// <summary>The first free page id, 0 when there is none; the list goes on through the map entries.</summary>
    public ulong FreeHead;
    public ulong FreeCount;
    public ulong Records;
    public ulong CheckpointNumber;
    public PagePointer MapRoot;

    /// <summary>Tree pages in use.</summary>
    public readonly ulong Pages => NextPageId - 1 - FreeCount;

    public readonly void Write(Span<byte> destination)
    {
        destination[..SizeBytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        destination[4] = FormatVersion;
        destination[5] = MapHeight;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], NextPageId);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], FreeHead);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], FreeCount);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[32..], Records);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[40..], CheckpointNumber);
        MemoryMarshal.Write(destination[64..], in MapRoot);
    }

    /// <summary>False when the bytes are no index root that this version can use; hostile input is safe.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out IndexRoot root)
    {
        root = default;
        if (source.Length < SizeBytes || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic || source[4] != FormatVersion)
        {
            return false;
        }
        root.MapHeight = source[5];
        root.NextPageId = BinaryPrimitives.ReadUInt64LittleEndian(source[8..]);
        root.FreeHead = BinaryPrimitives.ReadUInt64LittleEndian(source[16..]);
        root.FreeCount = BinaryPrimitives.ReadUInt64LittleEndian(source[24..]);
        root.Records = BinaryPrimitives.ReadUInt64LittleEndian(source[32..]);
        root.CheckpointNumber = BinaryPrimitives.ReadUInt64LittleEndian(source[40..]);
        root.MapRoot = MemoryMarshal.Read<PagePointer>(source[64..]);
        return root.MapHeight is > 0 and <= PageMapGeometry.MaxHeight
            && root.NextPageId > PageMapGeometry.RootPageId
            && root.NextPageId <= PageMapGeometry.MaxPageId
            && root.NextPageId <= PageMapGeometry.PagesUnder(root.MapHeight)
            && root.FreeHead < root.NextPageId
            && root.FreeCount < root.NextPageId - 1
            && (root.FreeHead == 0) == (root.FreeCount == 0)
            && root.MapRoot.IsStored;
    }
}
