namespace Txlfs.Cli.Crashtest;

/// <summary>The command line of <c>txlfs crashtest</c>, checked.</summary>
internal sealed record CrashtestOptions
{
    public required string Workload { get; init; }
    public required string Check { get; init; }

    /// <summary>A volume to begin with; null: a fresh one.</summary>
    public string? Image { get; init; }
    public long SizeBytes { get; init; }
    public int StateCount { get; init; }
    public ulong Seed { get; init; }
    public int TimeoutMs { get; init; }
    public long RecordingLimitBytes { get; init; }
    public string? Output { get; init; }
    public string? JUnit { get; init; }
    public string? Json { get; init; }
    public string MountOptions { get; init; } = "";
}
