using System.Buffers.Binary;
using System.Text;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Frames;

namespace Txlfs.Lfs.Format;

/// <summary>What never changes about a volume (but label and UUID, by tools). Byte table: lfs/FORMAT.md, "Superblock".</summary>
internal sealed record Superblock
{
    public const int SizeBytes = 4096;
    public const ulong Magic = 0x3130_4253_464C_5854; // "TXLFSB01"
    public const ushort Version = 1;
    public const int LabelBytes = 64;
    public const int RingOffsetBytes = 64 * 1024;
    public const int RingSlots = 256;

    public const int MagicOffset = 0;
    public const int VersionOffset = 8;
    public const int ChecksumOffset = 10;
    public const int CompressionOffset = 11;
    public const int SegmentBytesOffset = 12;
    public const int SegmentCountOffset = 16;
    public const int DeviceBytesOffset = 24;
    public const int VolumeIdOffset = 32;
    public const int LabelOffset = 48;
    public const int CreatedNsOffset = 112;
    public const int NameHashSeedOffset = 120;
    public const int CompatibleFeaturesOffset = 128;
    public const int IncompatibleFeaturesOffset = 136;
    public const int ReadOnlyFeaturesOffset = 144;
    public const int ReservedOffset = 152;
    public const int DigestOffset = SizeBytes - Checksum.MaxWidthBytes;

    public required ChecksumKind ChecksumKind { get; init; }
    public required CodecKind Compression { get; init; }
    public required int SegmentBytes { get; init; }
    public required long SegmentCount { get; init; }
    public required long DeviceBytes { get; init; }
    public required Guid VolumeId { get; init; }
    public required string Label { get; init; }
    public required long CreatedNs { get; init; }
    public required ulong NameHashSeed { get; init; }

    /// <summary>Segment 0 of the address space holds the superblocks and the ring; data segments are 1 .. SegmentCount.</summary>
    public long SegmentAddress(long index) => (index + 1) * SegmentBytes;
    public int SegmentIndex(long addressBytes) => (int)((addressBytes / SegmentBytes) - 1);
    public static long RingSlotAddress(ulong checkpointNumber) => RingOffsetBytes + ((long)(checkpointNumber % RingSlots) * CheckpointRecord.SizeBytes);

    /// <summary>The first block, the last block of the reserved area, and the last block of the device.</summary>
    public static long[] CopyAddresses(long deviceBytes, int segmentBytes) => [0, segmentBytes - SizeBytes, (deviceBytes / SizeBytes * SizeBytes) - SizeBytes];

    public void Write(Span<byte> block)
    {
        block[..SizeBytes].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(block[MagicOffset..], Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(block[VersionOffset..], Version);
        block[ChecksumOffset] = (byte)ChecksumKind;
        block[CompressionOffset] = (byte)Compression;
        BinaryPrimitives.WriteInt32LittleEndian(block[SegmentBytesOffset..], SegmentBytes);
        BinaryPrimitives.WriteInt64LittleEndian(block[SegmentCountOffset..], SegmentCount);
        BinaryPrimitives.WriteInt64LittleEndian(block[DeviceBytesOffset..], DeviceBytes);
        VolumeId.TryWriteBytes(block.Slice(VolumeIdOffset, 16), bigEndian: true, out _);
        Encoding.UTF8.GetBytes(Label, block.Slice(LabelOffset, LabelBytes));
        BinaryPrimitives.WriteInt64LittleEndian(block[CreatedNsOffset..], CreatedNs);
        BinaryPrimitives.WriteUInt64LittleEndian(block[NameHashSeedOffset..], NameHashSeed);
        Checksum.Compute(ChecksumKind, block[..DigestOffset], block.Slice(DigestOffset, Checksum.MaxWidthBytes));
    }

    /// <summary>Null iff good; else one line that says what is wrong.</summary>
    public static string? TryRead(ReadOnlySpan<byte> block, out Superblock? superblock)
    {
        superblock = null;
        if (block.Length < SizeBytes || BinaryPrimitives.ReadUInt64LittleEndian(block[MagicOffset..]) != Magic)
        {
            return "not a txlfs volume (no superblock magic)";
        }
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(block[VersionOffset..]);
        if (version != Version)
        {
            return $"format version {version} is not supported (this program knows {Version})";
        }
        var checksum = (ChecksumKind)block[ChecksumOffset];
        if (!Enum.IsDefined(checksum) || !Checksum.Verify(checksum, block[..DigestOffset], block.Slice(DigestOffset, Checksum.MaxWidthBytes)))
        {
            return "superblock checksum is wrong";
        }
        if (BinaryPrimitives.ReadUInt64LittleEndian(block[IncompatibleFeaturesOffset..]) != 0)
        {
            return "the volume uses features that this program does not know";
        }
        ReadOnlySpan<byte> label = block.Slice(LabelOffset, LabelBytes);
        int end = label.IndexOf((byte)0);
        superblock = new Superblock
        {
            ChecksumKind = checksum,
            Compression = (CodecKind)block[CompressionOffset],
            SegmentBytes = BinaryPrimitives.ReadInt32LittleEndian(block[SegmentBytesOffset..]),
            SegmentCount = BinaryPrimitives.ReadInt64LittleEndian(block[SegmentCountOffset..]),
            DeviceBytes = BinaryPrimitives.ReadInt64LittleEndian(block[DeviceBytesOffset..]),
            VolumeId = new Guid(block.Slice(VolumeIdOffset, 16), bigEndian: true),
            Label = Encoding.UTF8.GetString(end < 0 ? label : label[..end]),
            CreatedNs = BinaryPrimitives.ReadInt64LittleEndian(block[CreatedNsOffset..]),
            NameHashSeed = BinaryPrimitives.ReadUInt64LittleEndian(block[NameHashSeedOffset..]),
        };
        return superblock.IsSane() ? null : "superblock geometry makes no sense";
    }

    private bool IsSane()
        => SegmentBytes is >= Limits.MinSegmentBytes and <= Limits.MaxSegmentBytes && SegmentBytes % Limits.BlockBytes == 0
            && SegmentCount is >= Limits.MinSegments and <= Limits.MaxSegments && Enum.IsDefined(Compression)
            && DeviceBytes >= (SegmentCount + 1) * SegmentBytes;
}
