using System.Runtime.InteropServices;

namespace Txlfs.Journal.Codec;

/// <summary>CRC32C in software: slicing by 8, for processors without the instruction and as the reference in tests; and the operators that join interleaved lanes.</summary>
internal static class Crc32cTables
{
    /// <summary>Castagnoli's polynomial, bit-reversed.</summary>
    private const uint Polynomial = 0x82F63B78;

    private const int SliceCount = 8;
    private const int TableEntries = 256;

    private static readonly uint[] Slices = BuildSlices();

    public static uint Append(ReadOnlySpan<byte> data, uint crc)
    {
        ReadOnlySpan<uint> slices = Slices;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(data);
        uint state = ~crc;
        foreach (ulong word in words)
        {
            ulong mixed = word ^ state;
            state = slices[7 * TableEntries + (byte)mixed]
                ^ slices[6 * TableEntries + (byte)(mixed >> 8)]
                ^ slices[5 * TableEntries + (byte)(mixed >> 16)]
                ^ slices[4 * TableEntries + (byte)(mixed >> 24)]
                ^ slices[3 * TableEntries + (byte)(mixed >> 32)]
                ^ slices[2 * TableEntries + (byte)(mixed >> 40)]
                ^ slices[1 * TableEntries + (byte)(mixed >> 48)]
                ^ slices[(byte)(mixed >> 56)];
        }
        foreach (byte value in data[(words.Length * sizeof(ulong))..])
            state = slices[(byte)(state ^ value)] ^ (state >> 8);
        return ~state;
    }

    /// <summary>
    /// The linear operator "advance a raw CRC state over this many zero bytes", as four tables of 256 entries (one per byte
    /// of the state), laid out one after the other.
    /// </summary>
    public static uint[] BuildZeroOperator(int zeroBytes)
    {
        Span<uint> columns = stackalloc uint[32];
        for (int bit = 0; bit < columns.Length; bit++)
        {
            uint state = 1u << bit;
            for (int i = 0; i < zeroBytes; i++)
                state = Slices[(byte)state] ^ (state >> 8);
            columns[bit] = state;
        }
        var tables = new uint[4 * TableEntries];
        for (int index = 0; index < tables.Length; index++)
        {
            int firstBit = index / TableEntries * 8;
            for (int bit = 0; bit < 8; bit++)
                if (((index >> bit) & 1) != 0)
                    tables[index] ^= columns[firstBit + bit];
        }
        return tables;
    }

    public static uint ApplyZeroOperator(uint[] tables, uint state) =>
        tables[(byte)state]
        ^ tables[TableEntries + (byte)(state >> 8)]
        ^ tables[2 * TableEntries + (byte)(state >> 16)]
        ^ tables[3 * TableEntries + (int)(state >> 24)];

    private static uint[] BuildSlices()
    {
        var slices = new uint[SliceCount * TableEntries];
        for (uint value = 0; value < TableEntries; value++)
        {
            uint state = value;
            for (int bit = 0; bit < 8; bit++)
                state = (state >> 1) ^ ((state & 1) * Polynomial);
            slices[value] = state;
        }
        for (int index = TableEntries; index < slices.Length; index++)
            slices[index] = slices[(byte)slices[index - TableEntries]] ^ (slices[index - TableEntries] >> 8);
        return slices;
    }
}
