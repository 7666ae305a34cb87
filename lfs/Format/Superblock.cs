using System.Buffers.Binary;
using System.Text;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Frames;

namespace Txlfs.Lfs.Format;

/// <summary>What a volume is: changed only by resize and tune, as a whole and with a greater sequence. Byte table: lfs/FORMAT.md, "Superblock".</summary>
internal sealed record Superblock
{
    public const int SizeBytes = 4096;
    public const ulong Magic = 0x3130_4253_464C_5854; // "TXLFSB01"
    public const ushort Version = 1;
    public const int LabelBytes = 64;

    /// <summary>A compatible feature: the shown UUID is another than the volume id.</summary>
    public const ulong HasShownUuid = 1;
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
    public const int SequenceOffset = 152;
    public const int ShownUuidOffset = 160;
    public const int FormerCodecsOffset = 176;
    public const int ReservedOffset = 177;
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

    /// <summary>Of two good copies the one with the greater sequence is in force. 0 at format.</summary>
    public ulong Sequence { get; init; }

    /// <summary>The UUID that people know the volume by, once it was changed. Frames and checkpoint records keep the volume id, so that a change leaves them valid.</summary>
    public Guid? ShownUuid { get; init; }

    /// <summary>Bit k: data may be stored with codec k, because that was the volume's codec once.</summary>
    public byte FormerCodecs { get; init; }

    /// <summary>Features that only matter to who writes.</summary>
    public ulong ReadOnlyFeatures { get; init; }

    public Guid Uuid => ShownUuid ?? VolumeId;

    /// <summary>The block that this was read from: what this version does not know of is written back as it was.</summary>
    private byte[]? Origin { get; init; }

    /// <summary>Segment 0 of the address space holds the superblocks and the ring; data segments are 1 .. SegmentCount.</summary>
    public long SegmentAddress(long index) => (index + 1) * SegmentBytes;
    public int SegmentIndex(long addressBytes) => (int)((addressBytes / SegmentBytes) - 1);
    public static long RingSlotAddress(ulong checkpointNumber) => RingOffsetBytes + ((long)(checkpointNumber % RingSlots) * CheckpointRecord.SizeBytes);

    /// <summary>Segments that fit a device, beside the reserved area and the last block.</summary>
    public static long SegmentsOn(long deviceBytes, int segmentBytes) => (((deviceBytes / SizeBytes * SizeBytes) - SizeBytes) / segmentBytes) - 1;

    /// <summary>The first block, the last block of the reserved area, and the last block of the device.</summary>
    public static long[] CopyAddresses(long deviceBytes, int segmentBytes) => [0, segmentBytes - SizeBytes, (deviceBytes / SizeBytes * SizeBytes) - SizeBytes];

    /// <summary>The same block.</summary>
    public bool Equals(Superblock? other) => other is not null && Image().AsSpan().SequenceEqual(other.Image());

    public override int GetHashCode() => HashCode.Combine(VolumeId, Sequence);

    private byte[] Image()
    {
        byte[] block = new byte[SizeBytes];
        Write(block);
        return block;
    }

    public void Write(Span<byte> block)
    {
        block[..SizeBytes].Clear();
        Origin?.CopyTo(block);
        BinaryPrimitives.WriteUInt64LittleEndian(block[MagicOffset..], Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(block[VersionOffset..], Version);
        block[ChecksumOffset] = (byte)ChecksumKind;
        block[CompressionOffset] = (byte)Compression;
        BinaryPrimitives.WriteInt32LittleEndian(block[SegmentBytesOffset..], SegmentBytes);
        BinaryPrimitives.WriteInt64LittleEndian(block[SegmentCountOffset..], SegmentCount);
        BinaryPrimitives.WriteInt64LittleEndian(block[DeviceBytesOffset..], DeviceBytes);
        VolumeId.TryWriteBytes(block.Slice(VolumeIdOffset, 16), bigEndian: true, out _);
        block.Slice(LabelOffset, LabelBytes).Clear();
        Encoding.UTF8.GetBytes(Label, block.Slice(LabelOffset, LabelBytes));
        BinaryPrimitives.WriteInt64LittleEndian(block[CreatedNsOffset..], CreatedNs);
        BinaryPrimitives.WriteUInt64LittleEndian(block[NameHashSeedOffset..], NameHashSeed);
        ulong compatible = BinaryPrimitives.ReadUInt64LittleEndian(block[CompatibleFeaturesOffset..]) & ~HasShownUuid;
        BinaryPrimitives.WriteUInt64LittleEndian(block[CompatibleFeaturesOffset..], compatible | (ShownUuid is null ? 0 : HasShownUuid));
        BinaryPrimitives.WriteUInt64LittleEndian(block[SequenceOffset..], Sequence);
        (ShownUuid ?? Guid.Empty).TryWriteBytes(block.Slice(ShownUuidOffset, 16), bigEndian: true, out _);
        block[FormerCodecsOffset] = FormerCodecs;
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
        bool hasShownUuid = (BinaryPrimitives.ReadUInt64LittleEndian(block[CompatibleFeaturesOffset..]) & HasShownUuid) != 0;
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
            Sequence = BinaryPrimitives.ReadUInt64LittleEndian(block[SequenceOffset..]),
            ShownUuid = hasShownUuid ? new Guid(block.Slice(ShownUuidOffset, 16), bigEndian: true) : null,
            FormerCodecs = block[FormerCodecsOffset],
            ReadOnlyFeatures = BinaryPrimitives.ReadUInt64LittleEndian(block[ReadOnlyFeaturesOffset..]),
            Origin = block[..SizeBytes].ToArray(),
        };
        return superblock.IsSane() ? null : "superblock geometry makes no sense";
    }

    private bool IsSane()
        => SegmentBytes is >= Limits.MinSegmentBytes and <= Limits.MaxSegmentBytes && SegmentBytes % Limits.BlockBytes == 0
            && SegmentCount is >= Limits.MinSegments and <= Limits.MaxSegments && Enum.IsDefined(Compression)
            && DeviceBytes >= (SegmentCount + 1) * SegmentBytes;
}
