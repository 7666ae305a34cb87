using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using ArmCrc32 = System.Runtime.Intrinsics.Arm.Crc32;

namespace Txlfs.Journal.Codec;

/// <summary>
/// CRC32C by the processor's instruction. One instruction takes three cycles but a new one can start in each, so
/// three lanes run interleaved and are joined by a "so many zero bytes" operator.
/// </summary>
internal static class Crc32cHardware
{
    /// <summary>Three of these and two words are one 4 KiB block.</summary>
    private const int LongLaneBytes = 1360;

    private const int ShortLaneBytes = 128;

    private static readonly uint[] LongOperator = Crc32cTables.BuildZeroOperator(LongLaneBytes);
    private static readonly uint[] ShortOperator = Crc32cTables.BuildZeroOperator(ShortLaneBytes);

    public static bool IsSupported => Sse42.X64.IsSupported || ArmCrc32.Arm64.IsSupported;

    public static uint Append(ReadOnlySpan<byte> data, uint crc)
    {
        ref byte at = ref MemoryMarshal.GetReference(data);
        nuint left = (nuint)data.Length;
        uint state = ~crc;
        if (left >= 3 * ShortLaneBytes)
            state = AppendInterleaved(ref at, ref left, state);

        at = ref Unsafe.Add(ref at, (nuint)data.Length - left);
        for (; left >= sizeof(ulong); left -= sizeof(ulong))
        {
            state = Step(state, Unsafe.ReadUnaligned<ulong>(ref at));
            at = ref Unsafe.Add(ref at, sizeof(ulong));
        }
        for (; left > 0; left--)
        {
            state = StepByte(state, at);
            at = ref Unsafe.Add(ref at, 1);
        }
        return ~state;
    }

    /// <summary>Consumes whole triples of lanes; leaves fewer than three short lanes.</summary>
    private static uint AppendInterleaved(ref byte at, ref nuint left, uint state)
    {
        for (; left >= 3 * LongLaneBytes; left -= 3 * LongLaneBytes)
        {
            state = ThreeLanes(ref at, LongLaneBytes, LongOperator, state);
            at = ref Unsafe.Add(ref at, 3 * LongLaneBytes);
        }
        for (; left >= 3 * ShortLaneBytes; left -= 3 * ShortLaneBytes)
        {
            state = ThreeLanes(ref at, ShortLaneBytes, ShortOperator, state);
            at = ref Unsafe.Add(ref at, 3 * ShortLaneBytes);
        }
        return state;
    }

    private static uint ThreeLanes(ref byte first, nuint laneBytes, uint[] zeroOperator, uint state)
    {
        ref byte second = ref Unsafe.Add(ref first, laneBytes);
        ref byte third = ref Unsafe.Add(ref second, laneBytes);
        uint state1 = 0, state2 = 0;
        for (nuint i = 0; i < laneBytes; i += 2 * sizeof(ulong))
        {
            state = Step(state, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, i)));
            state1 = Step(state1, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref second, i)));
            state2 = Step(state2, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref third, i)));
            state = Step(state, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, i + sizeof(ulong))));
            state1 = Step(state1, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref second, i + sizeof(ulong))));
            state2 = Step(state2, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref third, i + sizeof(ulong))));
        }
        state = Crc32cTables.ApplyZeroOperator(zeroOperator, state) ^ state1;
        return Crc32cTables.ApplyZeroOperator(zeroOperator, state) ^ state2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Step(uint state, ulong word) =>
        Sse42.X64.IsSupported ? (uint)Sse42.X64.Crc32(state, word) : ArmCrc32.Arm64.ComputeCrc32C(state, word);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint StepByte(uint state, byte value) =>
        Sse42.IsSupported ? Sse42.Crc32(state, value) : ArmCrc32.ComputeCrc32C(state, value);
}
