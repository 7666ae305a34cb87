using System.Buffers.Binary;

namespace Txlfs.Lfs.Format;

/// <summary>
/// The values of an extended attribute: chunk 0 has lengths, name and the first part of the value, further chunks the rest. All chunks of
/// one value are put by one commit and so carry the same birth; FORMAT.md, "Records".
/// </summary>
internal static class XattrRecord
{
    public const int TotalAt = 8, NameLengthAt = 12, NameAt = 13, NextPartAt = 8;
    public const int FirstPartBytes = 2032, NextPartBytes = 2288;
    public const int ChunkBits = 5, SlotBits = 3;
    public const int Slots = 1 << SlotBits;
    private const int HashBits = 52;
    private const ulong ChunkMask = (1UL << ChunkBits) - 1;

    public static ulong FirstSubOf(ulong hash) => hash >> (64 - HashBits) << (SlotBits + ChunkBits);

    public static ulong LastSubOf(ulong hash) => FirstSubOf(hash) | ((1UL << (SlotBits + ChunkBits)) - 1);

    public static int SlotOf(ulong sub) => (int)(sub >> ChunkBits) & (Slots - 1);

    public static int ChunkOf(ulong sub) => (int)(sub & ChunkMask);

    /// <summary>The sub of the last chunk that the attribute of this sub could have.</summary>
    public static ulong LastChunkSub(ulong sub) => sub | ChunkMask;

    public static int ChunkCount(int totalBytes) => totalBytes <= FirstPartBytes ? 1 : 1 + ((totalBytes - FirstPartBytes + NextPartBytes - 1) / NextPartBytes);

    public static int PartStart(int chunk) => chunk == 0 ? 0 : FirstPartBytes + ((chunk - 1) * NextPartBytes);

    public static int PartLength(int chunk, int totalBytes) => Math.Min(chunk == 0 ? FirstPartBytes : NextPartBytes, totalBytes - PartStart(chunk));

    public static int WriteFirst(Span<byte> record, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(record, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(record[TotalAt..], (uint)value.Length);
        record[NameLengthAt] = (byte)name.Length;
        name.CopyTo(record[NameAt..]);
        int partBytes = PartLength(0, value.Length);
        value[..partBytes].CopyTo(record[(NameAt + name.Length)..]);
        return NameAt + name.Length + partBytes;
    }

    public static int WriteNext(Span<byte> record, int chunk, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(record, 0);
        int partBytes = PartLength(chunk, value.Length);
        value.Slice(PartStart(chunk), partBytes).CopyTo(record[NextPartAt..]);
        return NextPartAt + partBytes;
    }

    public static bool TryReadFirst(ReadOnlySpan<byte> record, out ulong birth, out int totalBytes, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> part)
    {
        birth = 0;
        totalBytes = 0;
        name = part = default;
        if (record.Length <= NameAt || record[NameLengthAt] == 0 || record.Length < NameAt + record[NameLengthAt])
        {
            return false;
        }
        birth = BinaryPrimitives.ReadUInt64LittleEndian(record);
        uint total = BinaryPrimitives.ReadUInt32LittleEndian(record[TotalAt..]);
        name = record.Slice(NameAt, record[NameLengthAt]);
        part = record[(NameAt + name.Length)..];
        if (total > Limits.MaxXattrValueBytes || part.Length != PartLength(0, (int)total) || name.Contains((byte)0))
        {
            return false;
        }
        totalBytes = (int)total;
        return true;
    }

    public static bool TryReadNext(ReadOnlySpan<byte> record, int chunk, int totalBytes, out ulong birth, out ReadOnlySpan<byte> part)
    {
        birth = 0;
        part = default;
        if (record.Length < NextPartAt || record.Length - NextPartAt != PartLength(chunk, totalBytes))
        {
            return false;
        }
        birth = BinaryPrimitives.ReadUInt64LittleEndian(record);
        part = record[NextPartAt..];
        return true;
    }
}
