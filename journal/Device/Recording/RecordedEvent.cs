using System.Buffers.Binary;

namespace Txlfs.Journal.Device.Recording;

public enum RecordedKind : byte
{
    /// <summary>The device has taken a write in; its data follows the header.</summary>
    Write = 1,

    /// <summary>As <see cref="Write"/>; its completion also completes a flush that was issued with it.</summary>
    DurableWrite = 2,
    Flush = 3,

    /// <summary>A write or flush is about to be acknowledged.</summary>
    Completion = 4,
}

/// <summary>
/// One entry of a recording, in the order in which they happened. On disk, little-endian: magic u32, kind u8, 3 zero bytes, id u64, offset u64,
/// length u32, result i32, acknowledged bytes u64; then a write's data. Records are appended whole, under one lock.
/// </summary>
public readonly record struct RecordedEvent(RecordedKind Kind, long Id, long OffsetBytes, int LengthBytes, int Result, long AckBytes)
{
    public const int HeaderBytes = 40;
    private const uint Magic = 0x44524C54; // "TLRD"

    public bool IsWrite => Kind is RecordedKind.Write or RecordedKind.DurableWrite;

    public void WriteTo(Span<byte> header)
    {
        header[..HeaderBytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        header[4] = (byte)Kind;
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], Id);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], OffsetBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], LengthBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], Result);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], AckBytes);
    }

    /// <summary>Null when it is no record: the recording is damaged or of another kind.</summary>
    public static RecordedEvent? ReadFrom(ReadOnlySpan<byte> header)
    {
        RecordedEvent read = new(
            (RecordedKind)header[4],
            BinaryPrimitives.ReadInt64LittleEndian(header[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(header[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(header[28..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[32..]));
        bool isSane = BinaryPrimitives.ReadUInt32LittleEndian(header) == Magic && Enum.IsDefined(read.Kind) && read.LengthBytes >= 0 && read.OffsetBytes >= 0;
        return isSane ? read : null;
    }
}
