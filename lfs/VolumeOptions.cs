namespace Txlfs.Lfs;

/// <summary>How a volume is opened. Out-of-range values are a <see cref="VolumeException"/>.</summary>
public sealed record VolumeOptions
{
    /// <summary>Ceiling of the volume's own memory (page cache, frames, scratch), bytes.</summary>
    public long MemoryBytes { get; init; } = 64L << 20;
    public bool IsReadOnly { get; init; }
    public bool Discard { get; init; }

    /// <summary>A checkpoint is begun after so much log, bytes; 0: after what this device reads back in about a second (16 to 256 MiB).</summary>
    public long CheckpointLogBytes { get; init; }
    public int CheckpointIntervalMs { get; init; } = 30_000;

    /// <summary>The longest time that a committed operation stays out of the log when nobody syncs, milliseconds.</summary>
    public int CommitIntervalMs { get; init; } = 1000;

    /// <summary>How the cleaner chooses what to clean: for measurements; the default is what they gave.</summary>
    internal Cleaner.VictimPolicyKind VictimPolicy { get; init; } = Cleaner.VictimPolicyKind.CostBenefit;
}
