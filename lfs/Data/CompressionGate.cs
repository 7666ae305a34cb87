using Txlfs.Journal.Codec;

namespace Txlfs.Lfs.Data;

/// <summary>
/// Keeps the data path from compressing what does not compress: a large piece is probed by its first block, and after failures a
/// file's next pieces are skipped, 2, 4 ... 64 at a time. The table is a hint shared by hash; races in it only cost a try.
/// </summary>
internal sealed class CompressionGate(DataCounters counters)
{
    private const int SlotCount = 1024, MaxLevel = 6, LevelShift = 24, ProbeFromBytes = 32 * 1024, MinBytes = 64;
    private readonly int[] _slots = new int[SlotCount];

    /// <summary>A compressed piece must be smaller by 1/8.</summary>
    public static int BudgetBytes(int rawBytes) => rawBytes - rawBytes / 8;

    public bool ShouldTry(ulong inode, ReadOnlySpan<byte> data, CodecKind codec, Span<byte> scratch)
    {
        if (codec == CodecKind.None || data.Length < MinBytes)
        {
            return false;
        }
        ref int slot = ref Slot(inode);
        int state = slot;
        int skipsLeft = state & ((1 << LevelShift) - 1);
        if (skipsLeft > 0)
        {
            slot = state - 1;
            Interlocked.Increment(ref counters.CompressionSkips);
            return false;
        }
        Interlocked.Increment(ref counters.CompressionTries);
        if (data.Length >= ProbeFromBytes && Codec.Compress(codec, data[..Limits.BlockBytes], scratch[..BudgetBytes(Limits.BlockBytes)]) == 0)
        {
            Failed(inode);
            return false;
        }
        return true;
    }

    public void Succeeded(ulong inode)
    {
        Slot(inode) = 0;
        Interlocked.Increment(ref counters.CompressionWins);
    }

    public void Failed(ulong inode)
    {
        ref int slot = ref Slot(inode);
        int level = Math.Min((slot >> LevelShift) + 1, MaxLevel);
        slot = (level << LevelShift) | (1 << level);
    }

    private ref int Slot(ulong inode) => ref _slots[(inode * 0x9E3779B97F4A7C15UL) >> 54];
}
