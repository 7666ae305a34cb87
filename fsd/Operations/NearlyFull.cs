using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

/// <summary>
/// The kernel's write-back cache takes writes that the volume may have no room for, and the program learns of it at fsync or never.
/// When little room is left, files opened for writing bypass that cache, so that ENOSPC comes from write(2) itself.
/// </summary>
internal sealed class NearlyFull(Volume volume)
{
    private const long MostReservedBytes = 256L << 20;

    public bool IsNearlyFull()
    {
        VolumeStatistics statistics = volume.Statistics();
        return statistics.AvailableBytes < Math.Min(MostReservedBytes, statistics.TotalBytes / 32);
    }
}
