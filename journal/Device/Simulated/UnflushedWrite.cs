using Txlfs.Journal.Runtime.Simulation;

namespace Txlfs.Journal.Device.Simulated;

/// <summary>A write that a power cut may still undo, wholly or by sectors.</summary>
public sealed class UnflushedWrite(long number, long offsetBytes, byte[] data)
{
    public const int SectorBytes = 512;

    /// <summary>Number of its device event.</summary>
    public long Number { get; } = number;

    /// <summary>Stands for this write, whole, in the digest of a medium.</summary>
    public ulong Key { get; } = new Xoshiro256((ulong)number * 31 ^ (ulong)offsetBytes).NextUInt64();

    public long OffsetBytes { get; } = offsetBytes;
    public int LengthBytes => Data.Length;
    public int SectorCount => Data.Length / SectorBytes;

    /// <summary>Whether the device has acknowledged it.</summary>
    public bool IsCompleted => CompletionOrder != 0;

    /// <summary>Position among the completed writes, from 1; 0 while it is in flight.</summary>
    internal long CompletionOrder { get; set; }

    internal byte[] Data { get; } = data;

    internal void ApplyTo(SparseImage image) => image.Write(OffsetBytes, Data);

    /// <summary>Applies the sectors that survive.</summary>
    internal void ApplyTo(SparseImage image, ReadOnlySpan<bool> survives)
    {
        for (int first = 0; first < survives.Length;)
        {
            int end = first + 1;
            while (end < survives.Length && survives[end] == survives[first])
                end++;
            if (survives[first])
                image.Write(OffsetBytes + (long)first * SectorBytes, Data.AsSpan(first * SectorBytes, (end - first) * SectorBytes));
            first = end;
        }
    }
}
