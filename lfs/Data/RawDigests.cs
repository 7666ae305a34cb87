using System.Buffers.Binary;
using Txlfs.Journal.Codec;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>The digests of one raw extent: one a block for its record, one of the whole for the frame's extent table.</summary>
internal sealed class RawDigests
{
    private readonly byte[] _blocks = new byte[ExtentRecord.MaxDigestsBytes];
    private readonly byte[] _whole = new byte[Checksum.MaxWidthBytes];
    private int _blockBytes;

    public ReadOnlySpan<byte> Blocks => _blocks.AsSpan(0, _blockBytes);
    public ReadOnlySpan<byte> Whole => _whole;

    public void Compute(ChecksumKind kind, ReadOnlySpan<byte> data)
    {
        int width = Checksum.WidthBytes(kind);
        _blockBytes = 0;
        for (int at = 0; at < data.Length; at += Limits.BlockBytes)
        {
            Checksum.Compute(kind, data.Slice(at, Math.Min(Limits.BlockBytes, data.Length - at)), _blocks.AsSpan(_blockBytes, width));
            _blockBytes += width;
        }
        if (data.Length <= Limits.BlockBytes)
        {
            _whole.AsSpan().Clear();
            Blocks.CopyTo(_whole);
        }
        else if (kind == ChecksumKind.Crc32c)
        {
            CombineCrcs(data);
        }
        else
        {
            Checksum.Compute(kind, data, _whole);
        }
    }

    /// <summary>CRCs of blocks make the CRC of the whole without a second pass over the data.</summary>
    private void CombineCrcs(ReadOnlySpan<byte> data)
    {
        int wholeBlocks = data.Length / Limits.BlockBytes;
        uint crc = 0;
        for (int i = 0; i < wholeBlocks; i++)
        {
            crc = Crc32cBlockShift.Apply(crc) ^ BinaryPrimitives.ReadUInt32LittleEndian(_blocks.AsSpan(i * sizeof(uint)));
        }
        crc = Checksum.Crc32c(data[(wholeBlocks * Limits.BlockBytes)..], crc);
        _whole.AsSpan().Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(_whole, crc);
    }
}

/// <summary>What one block behind it does to a CRC32C. Linear, so four tables of its bytes' images do: crc(a|b) = Apply(crc(a)) xor crc(b).</summary>
internal static class Crc32cBlockShift
{
    private static readonly uint[] Table = Build();

    public static uint Apply(uint crc) => Table[crc & 0xFF] ^ Table[256 + ((crc >> 8) & 0xFF)] ^ Table[512 + ((crc >> 16) & 0xFF)] ^ Table[768 + (crc >> 24)];

    private static uint[] Build()
    {
        byte[] zeros = new byte[Limits.BlockBytes];
        uint ofNothing = Checksum.Crc32c(zeros);
        uint[] table = new uint[4 * 256];
        for (int bit = 0; bit < 32; bit++)
        {
            uint image = Checksum.Crc32c(zeros, 1u << bit) ^ ofNothing;
            for (int value = 0; value < 256; value++)
            {
                if ((value & (1 << (bit % 8))) != 0)
                {
                    table[bit / 8 * 256 + value] ^= image;
                }
            }
        }
        return table;
    }
}
