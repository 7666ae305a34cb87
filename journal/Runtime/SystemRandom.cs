using System.Runtime.InteropServices;

namespace Txlfs.Journal.Runtime;

/// <summary>The kernel's random generator: for volume ids, mount salts and hash seeds, which must not be guessable or repeat.</summary>
public sealed class SystemRandom : IRandomSource
{
    public static readonly SystemRandom Instance = new();

    private SystemRandom()
    {
    }

    public ulong NextUInt64()
    {
        ulong value = 0;
        ClockInterop.FillRandom(MemoryMarshal.AsBytes(new Span<ulong>(ref value)));
        return value;
    }

    public void Fill(Span<byte> destination) => ClockInterop.FillRandom(destination);
}
