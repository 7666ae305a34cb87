namespace Txlfs.Journal.Device.Card;

/// <summary>What kind of card <see cref="CardBlockDevice"/> is.</summary>
public sealed record CardOptions
{
    public const long LeastCacheBytes = 64 << 10, MostCacheBytes = 8 << 20;

    /// <summary>Chooses what is evicted, what a power cut loses, and the latencies.</summary>
    public required ulong Seed { get; init; }

    /// <summary>What the volatile cache holds before it must write something out.</summary>
    public long CacheBytes { get; init; } = 1 << 20;

    /// <summary>Flushes of 2 to 10 ms, and a millisecond or more for leaving an allocation unit.</summary>
    public bool HasLatency { get; init; }

    /// <summary>Every flush is acknowledged and makes nothing durable.</summary>
    public bool FlushesLie { get; init; }

    /// <summary>The power goes after this many writes and flushes; 0: not by itself.</summary>
    public long DieAfter { get; init; }
}
