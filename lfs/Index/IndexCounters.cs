namespace Txlfs.Lfs.Index;

/// <summary>What the index has done since it was opened; read without locks, each value on its own is good enough for statistics.</summary>
internal sealed class IndexCounters
{
    /// <summary>Lookups that had to be given up because a page was not in memory.</summary>
    public long Misses;
    public long Loads, LoadBytes, FailedLoads, Evictions;
    public long Splits, Merges, PagesFreed;
    public long Checkpoints, CheckpointPages, PreservedImages;

    /// <summary>Optimistic reads that were begun anew because the writer had changed a page meanwhile.</summary>
    public long Restarts;
}
