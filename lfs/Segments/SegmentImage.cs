using System.Buffers.Binary;

namespace Txlfs.Lfs.Segments;

/// <summary>The segment table as a checkpoint stores it: chunks of 256 entries, 8 KiB each. Byte table: lfs/FORMAT.md, "Segment table".</summary>
internal sealed class SegmentImage(int count)
{
    public const int EntryBytes = 32;
    public const int EntriesPerChunk = Limits.PageBytes / EntryBytes;
    public const int LiveOffset = 0;
    public const int LastSequenceOffset = 8;
    public const int StateOffset = 16;
    public const int ReservedOffset = 17;

    public long[] Live { get; } = new long[count];
    public SegmentState[] State { get; } = new SegmentState[count];
    public ulong[] LastSequence { get; } = new ulong[count];
    public int ChunkCount => ChunksFor(count);

    /// <summary>Chunks that differ from what the last checkpoint stored.</summary>
    public bool[] IsDirty { get; } = new bool[ChunksFor(count)];

    public static int ChunksFor(int segments) => (segments + EntriesPerChunk - 1) / EntriesPerChunk;

    public void WriteChunk(int chunk, Span<byte> page)
    {
        page.Clear();
        for (int i = chunk * EntriesPerChunk, at = 0; i < Math.Min(count, (chunk + 1) * EntriesPerChunk); i++, at += EntryBytes)
        {
            BinaryPrimitives.WriteInt64LittleEndian(page[(at + LiveOffset)..], Live[i]);
            BinaryPrimitives.WriteUInt64LittleEndian(page[(at + LastSequenceOffset)..], LastSequence[i]);
            page[at + StateOffset] = (byte)State[i];
        }
    }

    /// <summary>False when an entry makes no sense.</summary>
    public bool TryReadChunk(int chunk, ReadOnlySpan<byte> page)
    {
        for (int i = chunk * EntriesPerChunk, at = 0; i < Math.Min(count, (chunk + 1) * EntriesPerChunk); i++, at += EntryBytes)
        {
            Live[i] = BinaryPrimitives.ReadInt64LittleEndian(page[(at + LiveOffset)..]);
            LastSequence[i] = BinaryPrimitives.ReadUInt64LittleEndian(page[(at + LastSequenceOffset)..]);
            State[i] = (SegmentState)page[at + StateOffset];
            if (Live[i] < 0 || State[i] > SegmentState.Used)
            {
                return false;
            }
        }
        return true;
    }
}
