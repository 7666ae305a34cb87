using System.Buffers.Binary;
using Txlfs.Journal.Codec;

namespace Txlfs.Lfs.Format;

/// <summary>Where the visible bytes of an extent come from.</summary>
public enum ExtentForm { Raw, Compressed, Unwritten }

/// <summary>The fixed part of an extent record, checked: every length is in range and agrees with the others.</summary>
public readonly record struct Extent(
    ulong BirthCsn, long AddressBytes, int StoredLengthBytes, int RawLengthBytes, int OffsetInRawBytes, long VisibleLengthBytes, CodecKind Codec, bool IsUnwritten)
{
    public ExtentForm Form => IsUnwritten ? ExtentForm.Unwritten : Codec == CodecKind.None ? ExtentForm.Raw : ExtentForm.Compressed;

    /// <summary>What the record adds to its inode's allocated bytes: whole blocks.</summary>
    public long AllocatedBytes => ExtentRecord.RoundUp(VisibleLengthBytes);
}

/// <summary>
/// The value of an extent record (FORMAT.md, "Extent record"): 36 bytes, then the digests that its stored bytes must match.
/// Nothing read from disk is used before <see cref="TryParse"/> has accepted it.
/// </summary>
public static class ExtentRecord
{
    public const int BirthOffset = 0, AddressOffset = 8, StoredLengthOffset = 16, RawLengthOffset = 20, OffsetInRawOffset = 24, VisibleLengthOffset = 28;
    public const int CodecOffset = 32, FlagsOffset = 33, ReservedOffset = 34, HeaderBytes = 36;
    public const byte UnwrittenFlag = 1;

    public const int MaxDigestsBytes = 256;
    public const int MaxBytes = HeaderBytes + MaxDigestsBytes;

    /// <summary>The longest preallocated range of one record.</summary>
    public const long MaxUnwrittenBytes = 1L << 30;

    public const long MaxAddressBytes = 1L << 60;

    /// <summary>Bytes that one raw record may describe: its digest list stays within <see cref="MaxDigestsBytes"/>.</summary>
    public static int RawCapBytes(ChecksumKind checksum) => Limits.BlockBytes * Math.Min(Limits.MaxExtentBytes / Limits.BlockBytes, MaxDigestsBytes / Checksum.WidthBytes(checksum));

    public static long RoundUp(long bytes) => (bytes + Limits.BlockBytes - 1) & -Limits.BlockBytes;

    public static long RoundDown(long bytes) => bytes & -Limits.BlockBytes;

    private static int Blocks(int bytes) => (bytes + Limits.BlockBytes - 1) / Limits.BlockBytes;

    public static long Address(ReadOnlySpan<byte> value) => value.Length < HeaderBytes ? 0 : BinaryPrimitives.ReadInt64LittleEndian(value[AddressOffset..]);

    /// <summary>
    /// The record's share of the live bytes of the segment that holds its address: a function of the record alone, more than 0 for
    /// every record with storage, 0 for an unwritten one. So the sum over all records that point into a segment is 0 iff no record
    /// references the segment, however often a stored extent is shared, cut or overwritten.
    /// </summary>
    public static long LiveBytes(ReadOnlySpan<byte> value)
    {
        if (value.Length < HeaderBytes || (value[FlagsOffset] & UnwrittenFlag) != 0)
        {
            return 0;
        }
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(value[StoredLengthOffset..]);
        uint raw = BinaryPrimitives.ReadUInt32LittleEndian(value[RawLengthOffset..]);
        uint visible = BinaryPrimitives.ReadUInt32LittleEndian(value[VisibleLengthOffset..]);
        bool isShared = value[CodecOffset] != (byte)CodecKind.None && raw != 0;
        return Math.Max(1L, isShared ? (long)(((UInt128)stored * visible + raw - 1) / raw) : stored);
    }

    public static bool TryParse(ReadOnlySpan<byte> value, ChecksumKind checksum, out Extent extent)
    {
        extent = default;
        if (value.Length < HeaderBytes || value.Length > MaxBytes || (value[FlagsOffset] & ~UnwrittenFlag) != 0
            || BinaryPrimitives.ReadUInt16LittleEndian(value[ReservedOffset..]) != 0)
        {
            return false;
        }
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(value[StoredLengthOffset..]);
        uint raw = BinaryPrimitives.ReadUInt32LittleEndian(value[RawLengthOffset..]);
        uint offsetInRaw = BinaryPrimitives.ReadUInt32LittleEndian(value[OffsetInRawOffset..]);
        uint visible = BinaryPrimitives.ReadUInt32LittleEndian(value[VisibleLengthOffset..]);
        if (stored > Limits.MaxExtentBytes || raw > Limits.MaxExtentBytes || offsetInRaw >= Limits.MaxExtentBytes || visible == 0 || visible > MaxUnwrittenBytes)
        {
            return false;
        }
        extent = new Extent(BinaryPrimitives.ReadUInt64LittleEndian(value), Address(value), (int)stored, (int)raw, (int)offsetInRaw, visible,
            (CodecKind)value[CodecOffset], (value[FlagsOffset] & UnwrittenFlag) != 0);
        int digestBytes = value.Length - HeaderBytes;
        return extent.Form switch
        {
            ExtentForm.Unwritten => IsSoundUnwritten(extent, digestBytes),
            ExtentForm.Raw => IsSoundRaw(extent, digestBytes, checksum),
            _ => IsSoundCompressed(extent, digestBytes, checksum),
        };
    }

    private static bool IsSoundUnwritten(in Extent extent, int digestBytes)
        => extent.AddressBytes == 0 && extent.StoredLengthBytes == 0 && extent.RawLengthBytes == 0 && extent.OffsetInRawBytes == 0
        && extent.Codec == CodecKind.None && digestBytes == 0 && extent.VisibleLengthBytes % Limits.BlockBytes == 0;

    private static bool IsSoundRaw(in Extent extent, int digestBytes, ChecksumKind checksum)
        => extent.StoredLengthBytes > 0 && extent.StoredLengthBytes <= RawCapBytes(checksum) && extent.RawLengthBytes == extent.StoredLengthBytes
        && extent.OffsetInRawBytes == 0 && extent.VisibleLengthBytes <= extent.StoredLengthBytes
        && Blocks((int)extent.VisibleLengthBytes) == Blocks(extent.StoredLengthBytes)
        && extent.AddressBytes is > 0 and < MaxAddressBytes && extent.AddressBytes % Limits.BlockBytes == 0
        && digestBytes == Blocks(extent.StoredLengthBytes) * Checksum.WidthBytes(checksum);

    private static bool IsSoundCompressed(in Extent extent, int digestBytes, ChecksumKind checksum)
        => extent.Codec <= CodecKind.Brotli && extent.StoredLengthBytes > 0 && extent.StoredLengthBytes <= extent.RawLengthBytes
        && extent.OffsetInRawBytes % Limits.BlockBytes == 0 && extent.OffsetInRawBytes + extent.VisibleLengthBytes <= extent.RawLengthBytes
        && extent.AddressBytes is > 0 and < MaxAddressBytes && digestBytes == Checksum.WidthBytes(checksum);

    public static ReadOnlySpan<byte> Digests(ReadOnlySpan<byte> value) => value[HeaderBytes..];

    /// <summary>The digest of one stored block of a raw extent.</summary>
    public static ReadOnlySpan<byte> BlockDigest(ReadOnlySpan<byte> value, int block, ChecksumKind checksum)
        => value.Slice(HeaderBytes + block * Checksum.WidthBytes(checksum), Checksum.WidthBytes(checksum));

    /// <summary>Writes the fixed part (birth CSN left to the commit); the caller puts the digests behind it.</summary>
    public static void WriteHeader(Span<byte> destination, in Extent extent)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, extent.BirthCsn);
        BinaryPrimitives.WriteInt64LittleEndian(destination[AddressOffset..], extent.AddressBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[StoredLengthOffset..], (uint)extent.StoredLengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[RawLengthOffset..], (uint)extent.RawLengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[OffsetInRawOffset..], (uint)extent.OffsetInRawBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[VisibleLengthOffset..], (uint)extent.VisibleLengthBytes);
        destination[CodecOffset] = (byte)extent.Codec;
        destination[FlagsOffset] = extent.IsUnwritten ? UnwrittenFlag : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(destination[ReservedOffset..], 0);
    }

    public static int WriteUnwritten(Span<byte> destination, long lengthBytes)
    {
        WriteHeader(destination, new Extent(0, 0, 0, 0, 0, lengthBytes, CodecKind.None, IsUnwritten: true));
        return HeaderBytes;
    }

    /// <summary>
    /// The record of the part [from, to) of a sound record's visible bytes; from is a multiple of the block size. Returns its length.
    /// Cutting inside a block keeps the whole block stored (its digest needs it) and only clamps what is visible; an unwritten
    /// record keeps whole blocks.
    /// </summary>
    public static int Slice(ReadOnlySpan<byte> value, in Extent extent, ChecksumKind checksum, long from, long to, Span<byte> destination)
    {
        switch (extent.Form)
        {
            case ExtentForm.Unwritten:
                return WriteUnwritten(destination, RoundUp(to) - from);
            case ExtentForm.Compressed:
                WriteHeader(destination, extent with { OffsetInRawBytes = extent.OffsetInRawBytes + (int)from, VisibleLengthBytes = to - from });
                Digests(value).CopyTo(destination[HeaderBytes..]);
                return value.Length;
            default:
                int stored = (int)(Math.Min(extent.StoredLengthBytes, RoundUp(to)) - from);
                WriteHeader(destination, extent with
                {
                    AddressBytes = extent.AddressBytes + from, StoredLengthBytes = stored, RawLengthBytes = stored, VisibleLengthBytes = to - from,
                });
                int width = Checksum.WidthBytes(checksum);
                ReadOnlySpan<byte> digests = Digests(value).Slice((int)(from / Limits.BlockBytes) * width, Blocks(stored) * width);
                digests.CopyTo(destination[HeaderBytes..]);
                return HeaderBytes + digests.Length;
        }
    }

    /// <summary>
    /// Two records of one file, adjacent in it, become one when they are also adjacent on the device (or both unwritten) and the sum
    /// stays within one record's cap. The destination may be the left value's own memory.
    /// </summary>
    public static bool TryMerge(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, ChecksumKind checksum, Span<byte> destination, out int lengthBytes)
    {
        lengthBytes = 0;
        if (!TryParse(left, checksum, out Extent a) || !TryParse(right, checksum, out Extent b) || a.Form != b.Form)
        {
            return false;
        }
        long visible = a.VisibleLengthBytes + b.VisibleLengthBytes;
        if (a.Form == ExtentForm.Unwritten && visible <= MaxUnwrittenBytes)
        {
            lengthBytes = WriteUnwritten(destination, visible);
            return true;
        }
        if (a.Form != ExtentForm.Raw || a.VisibleLengthBytes != a.StoredLengthBytes || a.VisibleLengthBytes % Limits.BlockBytes != 0
            || a.AddressBytes + a.StoredLengthBytes != b.AddressBytes || a.StoredLengthBytes + b.StoredLengthBytes > RawCapBytes(checksum))
        {
            return false;
        }
        int leftDigests = left.Length - HeaderBytes;
        Digests(left).CopyTo(destination[HeaderBytes..]);
        Digests(right).CopyTo(destination[(HeaderBytes + leftDigests)..]);
        int stored = a.StoredLengthBytes + b.StoredLengthBytes;
        WriteHeader(destination, a with { StoredLengthBytes = stored, RawLengthBytes = stored, VisibleLengthBytes = visible });
        lengthBytes = HeaderBytes + leftDigests + right.Length - HeaderBytes;
        return true;
    }
}
