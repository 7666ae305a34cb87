namespace Txlfs.Lfs;

/// <summary>What statfs says. Free is what can really still be written; the reserves for deletes and checkpoints are not in it.</summary>
public readonly record struct VolumeStatistics(
    long TotalBytes, long FreeBytes, long AvailableBytes, ulong Inodes, ulong FreeInodes);
