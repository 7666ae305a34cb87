using System.Buffers.Binary;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz;

/// <summary>Values that programs trip over: borders of types and of blocks, neighbours of what was there, single bits.</summary>
internal static class HostileNumbers
{
    public static ulong Draw(SeededRandom random, ulong current) => random.Below(12) switch
    {
        0 => 0,
        1 => ulong.MaxValue,
        2 => current + 1,
        3 => current - 1,
        4 => current ^ (1UL << random.Below(64)),
        5 => current * 2,
        6 => 1UL << random.Below(64),
        7 => (1UL << random.Below(64)) - 1,
        8 => current + (ulong)(random.Between(-64, 64) * 4096L),
        9 => (ulong)random.Below(40),
        10 => 1UL << (8 << random.Below(3)) >> 1,
        _ => random.Next(),
    };

    /// <summary>Changes one little-endian field of 1, 2, 4 or 8 bytes.</summary>
    public static void Change(SeededRandom random, Span<byte> bytes, int offset, int widthBytes)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        word.Clear();
        bytes.Slice(offset, widthBytes).CopyTo(word);
        BinaryPrimitives.WriteUInt64LittleEndian(word, Draw(random, BinaryPrimitives.ReadUInt64LittleEndian(word)));
        word[..widthBytes].CopyTo(bytes[offset..]);
    }

    /// <summary>Changes something somewhere: a field of any width on its natural border, a bit, or a run of bytes.</summary>
    public static string ChangeAnywhere(SeededRandom random, Span<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return "nothing (there are no bytes)";
        }
        int kind = random.Below(8);
        if (kind == 0)
        {
            int at = random.Below(bytes.Length);
            bytes[at] ^= (byte)(1 << random.Below(8));
            return $"a bit of byte {at}";
        }
        if (kind == 1)
        {
            int at = random.Below(bytes.Length);
            int length = Math.Min(random.Between(1, 64), bytes.Length - at);
            bytes.Slice(at, length).Fill((byte)random.Pick([0, 0xFF, random.Below(256)]));
            return $"bytes {at} to {at + length}";
        }
        int width = Math.Min(1 << random.Below(4), bytes.Length);
        int offset = random.Below(bytes.Length / width) * width;
        Change(random, bytes, offset, width);
        return $"{width} bytes at {offset}";
    }
}
