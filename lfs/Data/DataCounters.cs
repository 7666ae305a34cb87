namespace Txlfs.Lfs.Data;

/// <summary>What the data path did since the mount; read without locks, each value on its own.</summary>
internal sealed class DataCounters
{
    public long CompressionTries, CompressionWins, CompressionSkips;
    public long WriteConflicts, RelocatedReads, DigestMismatches;
}
