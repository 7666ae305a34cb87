using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Txlfs.Tests.Model;

/// <summary>Fingerprints of model and volume states. Independent of the checksums under test.</summary>
public static class Hashing
{
    public static ulong Finish(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }

    public static ulong Mix(ulong a, ulong b) => Finish(BitOperations.RotateLeft(a, 23) + 0x9E3779B97F4A7C15UL + (b * 0xD6E8FEB86659FD93UL));

    public static ulong Of(ReadOnlySpan<byte> data)
    {
        ulong hash = (ulong)data.Length + 0x51ED270B;
        for (; data.Length >= 8; data = data[8..])
        {
            hash = BitOperations.RotateLeft(hash ^ (BinaryPrimitives.ReadUInt64LittleEndian(data) * 0x87C37B91114253D5UL), 27) * 0x9E3779B97F4A7C15UL;
        }
        ulong rest = 0;
        for (int i = 0; i < data.Length; i++)
        {
            rest |= (ulong)data[i] << (8 * i);
        }
        return Finish(hash ^ rest);
    }

    public static ulong Of(string text) => Of(Encoding.UTF8.GetBytes(text));
}
