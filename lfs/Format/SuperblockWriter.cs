using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;

namespace Txlfs.Lfs.Format;

/// <summary>
/// Changes a volume's superblock. The copies are written one after the other, each flushed before the next is touched, so at every moment at most one
/// is torn and the others say, whole, the old or the new state (invariant B1). The last copy goes first: in a resize its place is a new one.
/// </summary>
internal static class SuperblockWriter
{
    /// <summary>0 or -errno; after a failure nobody knows which of the two states the next mount finds.</summary>
    public static async ValueTask<int> WriteAsync(IBlockDevice device, Superblock superblock, Func<ValueTask<int>> flush)
    {
        using var pool = new ScratchPool(Superblock.SizeBytes, 1);
        NativeSlice block = pool.Rent();
        try
        {
            superblock.Write(block.Span);
            long[] addresses = Superblock.CopyAddresses(superblock.DeviceBytes, superblock.SegmentBytes);
            foreach (long address in (long[])[addresses[2], addresses[0], addresses[1]])
            {
                int result = await device.WriteAsync(address, block).ConfigureAwait(false);
                result = result != 0 ? result : await flush().ConfigureAwait(false);
                if (result != 0)
                {
                    return result;
                }
            }
            return 0;
        }
        finally
        {
            pool.Return(block);
        }
    }

    /// <summary>
    /// Before a volume is written to: the copies must say the same, or a later loss of one would bring back a state that was left (invariant B2). Good copies
    /// that are behind are brought up; bad ones are mended too where that can be done.
    /// </summary>
    public static async ValueTask LevelAsync(IBlockDevice device, Superblock superblock, Seams seams)
    {
        using var pool = new ScratchPool(Superblock.SizeBytes, 2);
        NativeSlice right = pool.Rent(), copy = pool.Rent();
        try
        {
            superblock.Write(right.Span);
            foreach (long address in Superblock.CopyAddresses(superblock.DeviceBytes, superblock.SegmentBytes))
            {
                await LevelAsync(device, address, right, copy, seams).ConfigureAwait(false);
            }
        }
        finally
        {
            pool.Return(right);
            pool.Return(copy);
        }
    }

    private static async ValueTask LevelAsync(IBlockDevice device, long address, NativeSlice right, NativeSlice copy, Seams seams)
    {
        bool isRead = await device.ReadAsync(address, copy).ConfigureAwait(false) == 0;
        if (isRead && copy.Span.SequenceEqual(right.Span))
        {
            return;
        }
        bool isBehind = isRead && Superblock.TryRead(copy.Span, out _) is null;
        int result = await device.WriteAsync(address, right).ConfigureAwait(false);
        result = result != 0 ? result : await device.FlushAsync().ConfigureAwait(false);
        if (result != 0 && isBehind)
        {
            throw new VolumeException(-result, $"{device.Name}: the superblock copy at {address} is of an earlier state and cannot be written (errno {-result}); mount read-only");
        }
        seams.Log.Write(LogSeverity.Warning, $"{device.Name}: the superblock copy at {address} was {(isBehind ? "of an earlier state" : "bad")}{(result == 0 ? "; mended" : $" and cannot be mended: errno {-result}")}");
    }
}
