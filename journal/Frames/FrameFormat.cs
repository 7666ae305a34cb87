using System.Buffers.Binary;
using Txlfs.Journal.Codec;

namespace Txlfs.Journal.Frames;

/// <summary>Which of the log's heads wrote a frame. On disk; never renumbered.</summary>
public enum LogHead : byte { Foreground = 0, Cold = 1, Index = 2 }

/// <summary>
/// Sizes and offsets of a frame's header and extent table; the byte tables and the validity rule are in journal/FORMAT.md. All little-endian.
/// </summary>
public static class FrameFormat
{
    public const ulong Magic = 0x314D_4152_464C_5854; // "TXLFRAM1"
    public const ushort Version = 1;
    public const int BlockBytes = 4096;
    public const int HeaderBytes = 256;
    public const int PackedAlignmentBytes = 8;

    public const int MagicOffset = 0;
    public const int VersionOffset = 8;
    public const int HeadOffset = 10;
    public const int RedoCodecOffset = 11;
    public const int ChecksumKindOffset = 12;
    public const int ReservedAOffset = 13;
    public const int VolumeIdOffset = 16;
    public const int GenerationOffset = 32;
    public const int SequenceOffset = 40;
    public const int DurableSequenceOffset = 48;
    public const int AddressOffset = 56;
    public const int LengthOffset = 64;
    public const int TailOffsetOffset = 68;
    public const int ExtentCountOffset = 72;
    public const int RedoStoredOffset = 76;
    public const int RedoRawOffset = 80;
    public const int ReservedBOffset = 84;
    public const int FirstCsnOffset = 88;
    public const int LastCsnOffset = 96;
    public const int SuccessorOffset = 104;
    public const int WallNsOffset = 112;
    public const int ReservedCOffset = 120;
    public const int PreviousOffset = 128;
    public const int TailDigestOffset = 160;
    public const int ReservedDOffset = 192;
    public const int HeaderDigestOffset = 224;

    /// <summary>An extent table entry: fixed part, then the digest at its kind's width.</summary>
    public const int EntryFixedBytes = 32;
    public const int EntryOffsetOffset = 0;
    public const int EntryStoredOffset = 4;
    public const int EntryInodeOffset = 8;
    public const int EntryFileOffsetOffset = 16;
    public const int EntryRawOffset = 24;
    public const int EntryCodecOffset = 28;
    public const int EntryReservedOffset = 29;

    public static int EntryBytes(ChecksumKind kind) => EntryFixedBytes + Checksum.WidthBytes(kind);

    public static int RoundUpToBlock(int bytes) => (bytes + BlockBytes - 1) & -BlockBytes;
}

/// <summary>A frame header in memory; <see cref="Write"/> and <see cref="TryRead"/> are the only code that knows its bytes.</summary>
public record struct FrameHeader
{
    public LogHead Head;
    public CodecKind RedoCodec;
    public ChecksumKind ChecksumKind;
    public Guid VolumeId;
    public ulong Generation, Sequence, DurableSequence;
    public long AddressBytes;
    public int LengthBytes, TailOffset, ExtentCount, RedoStoredBytes, RedoRawBytes;
    public ulong FirstCsn, LastCsn;
    public long SuccessorAddressBytes, WallNs;

    public readonly int TailBytes => (ExtentCount * FrameFormat.EntryBytes(ChecksumKind)) + RedoStoredBytes;

    /// <summary>Writes all fields and both digests. <paramref name="header"/> is HeaderBytes long and zeroed; the tail must be in its final state.</summary>
    public readonly void Write(Span<byte> header, ReadOnlySpan<byte> previousDigest, ReadOnlySpan<byte> tail)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(header[FrameFormat.MagicOffset..], FrameFormat.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header[FrameFormat.VersionOffset..], FrameFormat.Version);
        header[FrameFormat.HeadOffset] = (byte)Head;
        header[FrameFormat.RedoCodecOffset] = (byte)RedoCodec;
        header[FrameFormat.ChecksumKindOffset] = (byte)ChecksumKind;
        VolumeId.TryWriteBytes(header.Slice(FrameFormat.VolumeIdOffset, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(header[FrameFormat.GenerationOffset..], Generation);
        BinaryPrimitives.WriteUInt64LittleEndian(header[FrameFormat.SequenceOffset..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(header[FrameFormat.DurableSequenceOffset..], DurableSequence);
        BinaryPrimitives.WriteInt64LittleEndian(header[FrameFormat.AddressOffset..], AddressBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[FrameFormat.LengthOffset..], LengthBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[FrameFormat.TailOffsetOffset..], TailOffset);
        BinaryPrimitives.WriteInt32LittleEndian(header[FrameFormat.ExtentCountOffset..], ExtentCount);
        BinaryPrimitives.WriteInt32LittleEndian(header[FrameFormat.RedoStoredOffset..], RedoStoredBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[FrameFormat.RedoRawOffset..], RedoRawBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(header[FrameFormat.FirstCsnOffset..], FirstCsn);
        BinaryPrimitives.WriteUInt64LittleEndian(header[FrameFormat.LastCsnOffset..], LastCsn);
        BinaryPrimitives.WriteInt64LittleEndian(header[FrameFormat.SuccessorOffset..], SuccessorAddressBytes);
        BinaryPrimitives.WriteInt64LittleEndian(header[FrameFormat.WallNsOffset..], WallNs);
        previousDigest.CopyTo(header.Slice(FrameFormat.PreviousOffset, Checksum.MaxWidthBytes));
        Checksum.Compute(ChecksumKind, tail, header.Slice(FrameFormat.TailDigestOffset, Checksum.MaxWidthBytes));
        Checksum.Compute(ChecksumKind, header[..FrameFormat.HeaderDigestOffset], header.Slice(FrameFormat.HeaderDigestOffset, Checksum.MaxWidthBytes));
    }

    /// <summary>
    /// True iff the bytes are a header whose own digest and inner bounds hold. Chain, sequence, address and volume are the scanner's to judge.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        header = default;
        if (bytes.Length < FrameFormat.HeaderBytes
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != FrameFormat.Magic
            || BinaryPrimitives.ReadUInt16LittleEndian(bytes[FrameFormat.VersionOffset..]) != FrameFormat.Version)
        {
            return false;
        }
        var kind = (ChecksumKind)bytes[FrameFormat.ChecksumKindOffset];
        if (!Enum.IsDefined(kind)
            || !Checksum.Verify(kind, bytes[..FrameFormat.HeaderDigestOffset], bytes.Slice(FrameFormat.HeaderDigestOffset, Checksum.MaxWidthBytes)))
        {
            return false;
        }
        header = new FrameHeader
        {
            Head = (LogHead)bytes[FrameFormat.HeadOffset],
            RedoCodec = (CodecKind)bytes[FrameFormat.RedoCodecOffset],
            ChecksumKind = kind,
            VolumeId = new Guid(bytes.Slice(FrameFormat.VolumeIdOffset, 16), bigEndian: true),
            Generation = BinaryPrimitives.ReadUInt64LittleEndian(bytes[FrameFormat.GenerationOffset..]),
            Sequence = BinaryPrimitives.ReadUInt64LittleEndian(bytes[FrameFormat.SequenceOffset..]),
            DurableSequence = BinaryPrimitives.ReadUInt64LittleEndian(bytes[FrameFormat.DurableSequenceOffset..]),
            AddressBytes = BinaryPrimitives.ReadInt64LittleEndian(bytes[FrameFormat.AddressOffset..]),
            LengthBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[FrameFormat.LengthOffset..]),
            TailOffset = BinaryPrimitives.ReadInt32LittleEndian(bytes[FrameFormat.TailOffsetOffset..]),
            ExtentCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[FrameFormat.ExtentCountOffset..]),
            RedoStoredBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[FrameFormat.RedoStoredOffset..]),
            RedoRawBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[FrameFormat.RedoRawOffset..]),
            FirstCsn = BinaryPrimitives.ReadUInt64LittleEndian(bytes[FrameFormat.FirstCsnOffset..]),
            LastCsn = BinaryPrimitives.ReadUInt64LittleEndian(bytes[FrameFormat.LastCsnOffset..]),
            SuccessorAddressBytes = BinaryPrimitives.ReadInt64LittleEndian(bytes[FrameFormat.SuccessorOffset..]),
            WallNs = BinaryPrimitives.ReadInt64LittleEndian(bytes[FrameFormat.WallNsOffset..]),
        };
        return header.IsWithinBounds();
    }

    /// <summary>A digest proves that the bytes are as written, not that a hostile writer wrote sense.</summary>
    private readonly bool IsWithinBounds()
    {
        if (LengthBytes < FrameFormat.BlockBytes || LengthBytes > FrameLimits.MaxFrameBytes || LengthBytes % FrameFormat.BlockBytes != 0
            || (uint)ExtentCount > FrameLimits.MaxExtents || (uint)RedoStoredBytes > FrameLimits.MaxRedoBytes || (uint)RedoRawBytes > FrameLimits.MaxRedoBytes
            || RedoStoredBytes > RedoRawBytes || (byte)Head > (byte)LogHead.Index || !Enum.IsDefined(RedoCodec))
        {
            return false;
        }
        return TailOffset >= FrameFormat.HeaderBytes && TailOffset <= LengthBytes - TailBytes;
    }
}

/// <summary>One line of a frame's extent table.</summary>
public unsafe struct ExtentEntry
{
    public int OffsetInFrame;
    public int StoredBytes;
    public ExtentTag Tag;
    public fixed byte Digest[Checksum.MaxWidthBytes];

    public void SetDigest(ReadOnlySpan<byte> digest)
    {
        fixed (byte* own = Digest)
        {
            digest[..Checksum.MaxWidthBytes].CopyTo(new Span<byte>(own, Checksum.MaxWidthBytes));
        }
    }

    public readonly void Write(Span<byte> entry, int digestWidthBytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(entry[FrameFormat.EntryOffsetOffset..], OffsetInFrame);
        BinaryPrimitives.WriteInt32LittleEndian(entry[FrameFormat.EntryStoredOffset..], StoredBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[FrameFormat.EntryInodeOffset..], Tag.Inode);
        BinaryPrimitives.WriteInt64LittleEndian(entry[FrameFormat.EntryFileOffsetOffset..], Tag.FileOffsetBytes);
        BinaryPrimitives.WriteInt32LittleEndian(entry[FrameFormat.EntryRawOffset..], Tag.RawLengthBytes);
        entry[FrameFormat.EntryCodecOffset] = (byte)Tag.Codec;
        entry.Slice(FrameFormat.EntryReservedOffset, 3).Clear();
        fixed (byte* own = Digest)
        {
            new ReadOnlySpan<byte>(own, digestWidthBytes).CopyTo(entry[FrameFormat.EntryFixedBytes..]);
        }
    }

    /// <summary>Reads an entry and checks that its bytes lie inside a frame of the given length.</summary>
    public static bool TryRead(ReadOnlySpan<byte> entry, int digestWidthBytes, int frameBytes, out ExtentEntry extent)
    {
        extent = new ExtentEntry
        {
            OffsetInFrame = BinaryPrimitives.ReadInt32LittleEndian(entry[FrameFormat.EntryOffsetOffset..]),
            StoredBytes = BinaryPrimitives.ReadInt32LittleEndian(entry[FrameFormat.EntryStoredOffset..]),
            Tag = new ExtentTag(
                BinaryPrimitives.ReadUInt64LittleEndian(entry[FrameFormat.EntryInodeOffset..]),
                BinaryPrimitives.ReadInt64LittleEndian(entry[FrameFormat.EntryFileOffsetOffset..]),
                BinaryPrimitives.ReadInt32LittleEndian(entry[FrameFormat.EntryRawOffset..]),
                (CodecKind)entry[FrameFormat.EntryCodecOffset]),
        };
        Span<byte> digest = stackalloc byte[Checksum.MaxWidthBytes];
        digest.Clear();
        entry.Slice(FrameFormat.EntryFixedBytes, digestWidthBytes).CopyTo(digest);
        extent.SetDigest(digest);
        return extent.OffsetInFrame >= FrameFormat.HeaderBytes && extent.StoredBytes > 0 && extent.StoredBytes <= frameBytes - extent.OffsetInFrame;
    }

    public readonly bool Verify(ChecksumKind kind, ReadOnlySpan<byte> stored)
    {
        fixed (byte* own = Digest)
        {
            return Checksum.Verify(kind, stored, new ReadOnlySpan<byte>(own, Checksum.MaxWidthBytes));
        }
    }
}

/// <summary>Every bound of the log, in one place.</summary>
public static class FrameLimits
{
    /// <summary>Data of one frame: large enough that the header is below half a percent, small enough to be written within tens of milliseconds on a card.</summary>
    public const int MaxDataBytes = 1024 * 1024;
    public const int MaxExtents = 512;

    /// <summary>Redo that makes a frame full; a single commit may exceed it, up to <see cref="MaxRedoBytes"/>.</summary>
    public const int FullRedoBytes = 128 * 1024;
    public const int MaxRedoBytes = 448 * 1024;

    /// <summary>What a frame can come to at most: header block, data, extent table, redo.</summary>
    public const int MaxFrameBytes = FrameFormat.BlockBytes + MaxDataBytes + (MaxExtents * (FrameFormat.EntryFixedBytes + Checksum.MaxWidthBytes)) + MaxRedoBytes;

    /// <summary>The smallest segment that the largest frame fits into, with room for others.</summary>
    public const int MinSegmentBytes = 2 * 1024 * 1024;

    /// <summary>Less than this left in a segment is not worth a frame: the head moves on.</summary>
    public const int MinUsefulBytes = 32 * 1024;
}
