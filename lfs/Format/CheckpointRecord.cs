using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Frames;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Format;

/// <summary>
/// One slot of the checkpoint ring: everything that recovery starts from. The newest record (greatest number) that is valid wins.
/// Byte table: lfs/FORMAT.md, "Checkpoint record".
/// </summary>
internal sealed record CheckpointRecord
{
    public const int SizeBytes = 4096;
    public const ulong Magic = 0x3150_4B43_464C_5854; // "TXLFCKP1"
    public const ushort Version = 1;

    public const int MagicOffset = 0;
    public const int VersionOffset = 8;
    public const int ChecksumOffset = 10;
    public const int FlagsOffset = 11;
    public const int ReservedOffset = 12;
    public const int VolumeIdOffset = 16;
    public const int NumberOffset = 32;
    public const int GenerationOffset = 40;
    public const int CsnOffset = 48;
    public const int NextInodeOffset = 56;
    public const int InodeCountOffset = 64;
    public const int WallNsOffset = 72;
    public const int LogOffset = 80;
    public const int IndexHeadOffset = LogOffset + PositionBytes;
    public const int SegmentTableOffset = IndexHeadOffset + PositionBytes;
    public const int IndexRootOffset = SegmentTableOffset + PagePointer.SizeBytes;
    public const int DigestOffset = SizeBytes - Checksum.MaxWidthBytes;
    private const int PositionBytes = 64;

    public required ChecksumKind ChecksumKind { get; init; }
    public required Guid VolumeId { get; init; }
    public required ulong Number { get; init; }
    public required ulong Generation { get; init; }
    public required ulong Csn { get; init; }
    public required ulong NextInode { get; init; }
    public required ulong InodeCount { get; init; }
    public required long WallNs { get; init; }
    public required bool IsClean { get; init; }
    public required LogPosition Log { get; init; }
    public required LogPosition IndexHead { get; init; }
    public required PagePointer SegmentTable { get; init; }
    public required IndexRoot Index { get; init; }

    public void Write(Span<byte> block)
    {
        block[..SizeBytes].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(block[MagicOffset..], Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(block[VersionOffset..], Version);
        block[ChecksumOffset] = (byte)ChecksumKind;
        block[FlagsOffset] = (byte)(IsClean ? 1 : 0);
        VolumeId.TryWriteBytes(block.Slice(VolumeIdOffset, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(block[NumberOffset..], Number);
        BinaryPrimitives.WriteUInt64LittleEndian(block[GenerationOffset..], Generation);
        BinaryPrimitives.WriteUInt64LittleEndian(block[CsnOffset..], Csn);
        BinaryPrimitives.WriteUInt64LittleEndian(block[NextInodeOffset..], NextInode);
        BinaryPrimitives.WriteUInt64LittleEndian(block[InodeCountOffset..], InodeCount);
        BinaryPrimitives.WriteInt64LittleEndian(block[WallNsOffset..], WallNs);
        WritePosition(block.Slice(LogOffset, PositionBytes), Log);
        WritePosition(block.Slice(IndexHeadOffset, PositionBytes), IndexHead);
        PagePointer table = SegmentTable;
        MemoryMarshal.Write(block[SegmentTableOffset..], in table);
        Index.Write(block.Slice(IndexRootOffset, IndexRoot.SizeBytes));
        Checksum.Compute(ChecksumKind, block[..DigestOffset], block.Slice(DigestOffset, Checksum.MaxWidthBytes));
    }

    public static bool TryRead(ReadOnlySpan<byte> block, Guid volumeId, out CheckpointRecord? record)
    {
        record = null;
        if (BinaryPrimitives.ReadUInt64LittleEndian(block[MagicOffset..]) != Magic || BinaryPrimitives.ReadUInt16LittleEndian(block[VersionOffset..]) != Version)
        {
            return false;
        }
        var checksum = (ChecksumKind)block[ChecksumOffset];
        if (!Enum.IsDefined(checksum) || !Checksum.Verify(checksum, block[..DigestOffset], block.Slice(DigestOffset, Checksum.MaxWidthBytes))
            || new Guid(block.Slice(VolumeIdOffset, 16), bigEndian: true) != volumeId
            || !IndexRoot.TryRead(block.Slice(IndexRootOffset, IndexRoot.SizeBytes), out IndexRoot index))
        {
            return false;
        }
        record = new CheckpointRecord
        {
            ChecksumKind = checksum,
            VolumeId = volumeId,
            Number = BinaryPrimitives.ReadUInt64LittleEndian(block[NumberOffset..]),
            Generation = BinaryPrimitives.ReadUInt64LittleEndian(block[GenerationOffset..]),
            Csn = BinaryPrimitives.ReadUInt64LittleEndian(block[CsnOffset..]),
            NextInode = BinaryPrimitives.ReadUInt64LittleEndian(block[NextInodeOffset..]),
            InodeCount = BinaryPrimitives.ReadUInt64LittleEndian(block[InodeCountOffset..]),
            WallNs = BinaryPrimitives.ReadInt64LittleEndian(block[WallNsOffset..]),
            IsClean = (block[FlagsOffset] & 1) != 0,
            Log = ReadPosition(block.Slice(LogOffset, PositionBytes)),
            IndexHead = ReadPosition(block.Slice(IndexHeadOffset, PositionBytes)),
            SegmentTable = MemoryMarshal.Read<PagePointer>(block[SegmentTableOffset..]),
            Index = index,
        };
        return true;
    }

    private static void WritePosition(Span<byte> destination, LogPosition position)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, position.SegmentAddressBytes);
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], position.OffsetBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], position.SuccessorAddressBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], position.NextSequence);
        position.PreviousDigest.CopyTo(destination[32..]);
    }

    private static LogPosition ReadPosition(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadInt64LittleEndian(source), BinaryPrimitives.ReadInt32LittleEndian(source[8..]), BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
        source.Slice(32, Checksum.MaxWidthBytes).ToArray(), BinaryPrimitives.ReadInt64LittleEndian(source[16..]));
}
