using System.Buffers.Binary;
using System.Numerics;

namespace Txlfs.Journal.Runtime.Simulation;

/// <summary>xoshiro256** 1.0 (Blackman and Vigna), seeded by SplitMix64, as its authors recommend. The same seed gives the same sequence on every machine, for ever.</summary>
public sealed class Xoshiro256 : IRandomSource
{
    private ulong _s0, _s1, _s2, _s3;

    public Xoshiro256(ulong seed)
    {
        _s0 = SplitMix(ref seed);
        _s1 = SplitMix(ref seed);
        _s2 = SplitMix(ref seed);
        _s3 = SplitMix(ref seed);
    }

    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, <paramref name="exclusiveMax"/>), by the high half of a product; the bias is below 2^-32 for the small ranges used here.</summary>
    public int Next(int exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMax);
        return (int)Math.BigMul(NextUInt64(), (ulong)exclusiveMax, out _);
    }

    public bool OneIn(int count) => Next(count) == 0;

    public void Fill(Span<byte> destination)
    {
        for (; destination.Length >= sizeof(ulong); destination = destination[sizeof(ulong)..])
            BinaryPrimitives.WriteUInt64LittleEndian(destination, NextUInt64());
        if (destination.IsEmpty)
            return;
        Span<byte> last = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(last, NextUInt64());
        last[..destination.Length].CopyTo(destination);
    }

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        ulong mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
