namespace Txlfs.Fsd.Host;

/// <summary>
/// How the memory ceiling of the whole process is split. The runtime itself (its code, thread stacks, native libraries) takes a fixed
/// part; of the rest a quarter is the garbage-collected heap's hard limit, a seventh the transport's request buffers, and what remains
/// (about 60 %) the volume's page cache, frames and scratch. Heap and transport have bounds of their own, because more does not help them.
/// </summary>
public sealed record MemoryPlan
{
    public const long LeastTotalBytes = 96L << 20;
    public const long SmallMachineBytes = 1L << 30;
    public const long SmallDefaultBytes = 128L << 20;
    public const long LargestDefaultBytes = 512L << 20;

    private const long RuntimeShareBytes = 40L << 20;
    private const long LeastHeapBytes = 24L << 20, MostHeapBytes = 192L << 20;
    private const long LeastTransportBytes = 8L << 20, MostTransportBytes = 64L << 20;

    public required long TotalBytes { get; init; }
    public required long RuntimeBytes { get; init; }
    public required long HeapBytes { get; init; }
    public required long TransportBytes { get; init; }
    public required long VolumeBytes { get; init; }

    /// <summary>The ceiling when none is asked for: a quarter of the machine's memory, at most 512 MiB; 128 MiB on machines up to 1 GiB.</summary>
    public static long DefaultTotalBytes(long machineBytes)
        => machineBytes <= SmallMachineBytes ? SmallDefaultBytes : Math.Min(machineBytes / 4, LargestDefaultBytes);

    public static MemoryPlan For(long totalBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(totalBytes, LeastTotalBytes);
        long rest = totalBytes - RuntimeShareBytes;
        long heap = Math.Clamp(rest / 4, LeastHeapBytes, MostHeapBytes);
        long transport = Math.Clamp(rest / 7, LeastTransportBytes, MostTransportBytes);
        return new MemoryPlan
        {
            TotalBytes = totalBytes,
            RuntimeBytes = RuntimeShareBytes,
            HeapBytes = heap,
            TransportBytes = transport,
            VolumeBytes = rest - heap - transport,
        };
    }

    /// <summary>
    /// What the runtime reads when it starts, so the daemon must be started with it: the heap's hard limit, a youngest generation that
    /// stays small, and no malloc arena for every thread.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment =>
    [
        new(HeapLimitVariable, $"0x{HeapBytes:X}"),
        new("DOTNET_GCgen0size", $"0x{Math.Min(HeapBytes / 6, 8L << 20):X}"),
        new("DOTNET_TieredPGO", "0"),
        new("MALLOC_ARENA_MAX", "2"),
    ];

    /// <summary>Requests of one io_uring queue (one queue a core) that the transport's share allows.</summary>
    public int UringQueueDepth(int cores, int requestBytes) => (int)Math.Clamp(TransportBytes / requestBytes / cores, 1, 8);

    /// <summary>Requests in flight over /dev/fuse that the transport's share allows.</summary>
    public int DevRequestLimit(int requestBytes) => (int)Math.Clamp(TransportBytes / requestBytes, 4, 64);

    public const string HeapLimitVariable = "DOTNET_GCHeapHardLimit";
}
