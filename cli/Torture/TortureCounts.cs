using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Txlfs.Cli.Torture;

/// <summary>Everything that was counted, over all rounds. On the card as so many u64, in this order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal record struct TortureCounts
{
    private const int Fields = 13;

    /// <summary>Times that the power went (or the program was killed) while blocks were being written.</summary>
    public long Cuts;

    /// <summary>Flushed batches of writes, and durable writes, that were acknowledged.</summary>
    public long Epochs;
    public long WrittenBlocks;
    public long CheckedBlocks;

    /// <summary>Acknowledged as flushed, and after the cut an older content was there.</summary>
    public long LostAfterFlush;

    /// <summary>Of those, the ones where something written after that flush was there.</summary>
    public long Reordered;

    /// <summary>Acknowledged as flushed, and after the cut only some sectors of the block were there.</summary>
    public long TornAfterFlush;

    /// <summary>At rest, or acknowledged: bytes that were never written.</summary>
    public long Corrupted;

    /// <summary>Another block's content.</summary>
    public long Misdirected;

    /// <summary>The device gives an error where something had been written.</summary>
    public long Unreadable;

    /// <summary>Read back wrong without any cut.</summary>
    public long WrongReadBack;

    /// <summary>Not acknowledged, in flight at the cut: a sector that is neither old nor new. Discouraged, but a filesystem can live with it.</summary>
    public long BrokenInFlight;

    /// <summary>Not acknowledged, in flight at the cut: some sectors old, some new. Allowed.</summary>
    public long TornInFlight;

    /// <summary>What no honest device does.</summary>
    public readonly long Faults => LostAfterFlush + TornAfterFlush + Corrupted + Misdirected + Unreadable + WrongReadBack;

    public void Add(in TortureCounts other)
    {
        Span<long> own = AsSpan(ref this);
        TortureCounts copy = other;
        Span<long> more = AsSpan(ref copy);
        for (int i = 0; i < Fields; i++)
        {
            own[i] += more[i];
        }
    }

    public readonly void Write(Span<byte> destination)
    {
        TortureCounts copy = this;
        Span<long> fields = AsSpan(ref copy);
        for (int i = 0; i < Fields; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(destination[(i * sizeof(long))..], fields[i]);
        }
    }

    public static TortureCounts Read(ReadOnlySpan<byte> source)
    {
        TortureCounts counts = default;
        Span<long> fields = AsSpan(ref counts);
        for (int i = 0; i < Fields; i++)
        {
            fields[i] = BinaryPrimitives.ReadInt64LittleEndian(source[(i * sizeof(long))..]);
        }
        return counts;
    }

    private static Span<long> AsSpan(ref TortureCounts counts) => MemoryMarshal.Cast<TortureCounts, long>(new Span<TortureCounts>(ref counts));
}
