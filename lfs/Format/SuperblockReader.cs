using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;

namespace Txlfs.Lfs.Format;

internal static class SuperblockReader
{
    /// <summary>
    /// The newest good copy: the first that is found tells where the others are, and of those the one with the greatest sequence is in force (they differ only
    /// when a change was cut short). The second copy's place depends on the segment size, which only a superblock tells: the sizes that mkfs makes are tried, then the
    /// device's last block.
    /// </summary>
    public static async ValueTask<Superblock> ReadAsync(IBlockDevice device, Seams seams)
    {
        using var pool = new ScratchPool(Superblock.SizeBytes, 1);
        NativeSlice block = pool.Rent();
        try
        {
            string? firstError = null;
            foreach (long address in Candidates(device.LengthBytes))
            {
                string? error = $"block at {address} cannot be read";
                Superblock? superblock = null;
                if (address >= 0 && address + Superblock.SizeBytes <= device.LengthBytes && await device.ReadAsync(address, block).ConfigureAwait(false) == 0)
                {
                    error = Superblock.TryRead(block.Span, out superblock);
                }
                if (error is null)
                {
                    superblock = await NewestAsync(device, superblock!, address, block).ConfigureAwait(false);
                    return Accept(device, superblock, firstError, address, seams);
                }
                firstError ??= error;
            }
            throw new VolumeException(Errno.EUCLEAN, $"{device.Name}: {firstError}");
        }
        finally
        {
            pool.Return(block);
        }
    }

    private static async ValueTask<Superblock> NewestAsync(IBlockDevice device, Superblock found, long foundAddress, NativeSlice block)
    {
        Superblock newest = found;
        foreach (long address in Superblock.CopyAddresses(found.DeviceBytes, found.SegmentBytes))
        {
            if (address != foundAddress && address + Superblock.SizeBytes <= device.LengthBytes && await device.ReadAsync(address, block).ConfigureAwait(false) == 0
                && Superblock.TryRead(block.Span, out Superblock? copy) is null && copy!.VolumeId == found.VolumeId && copy.Sequence > newest.Sequence)
            {
                newest = copy;
            }
        }
        return newest;
    }

    private static Superblock Accept(IBlockDevice device, Superblock superblock, string? firstError, long address, Seams seams)
    {
        if (superblock.DeviceBytes > device.LengthBytes)
        {
            throw new VolumeException(Errno.EUCLEAN, $"{device.Name}: the volume was made for {superblock.DeviceBytes} bytes, the device has {device.LengthBytes}");
        }
        if (firstError is not null)
        {
            seams.Log.Write(LogSeverity.Warning, $"{device.Name}: first superblock is bad ({firstError}); using the copy at {address}");
        }
        return superblock;
    }

    private static IEnumerable<long> Candidates(long deviceBytes)
    {
        yield return 0;
        for (long segment = Limits.MinSegmentBytes; segment <= Limits.MaxSegmentBytes; segment *= 2)
        {
            yield return segment - Superblock.SizeBytes;
        }
        yield return (deviceBytes / Superblock.SizeBytes * Superblock.SizeBytes) - Superblock.SizeBytes;
    }
}
