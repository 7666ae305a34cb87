namespace Txlfs.Journal.Device.Files;

public enum IoEngineKind
{
    /// <summary>io_uring where the kernel allows it, threads otherwise.</summary>
    Auto,
    Uring,
    Threads,
}

public sealed record FileDeviceOptions
{
    /// <summary>Opens for reading, with a lock that other readers share but a mounted volume does not.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>False, for reading only: looks on beside whoever works on it, and may see what is half written.</summary>
    public bool IsLocked { get; init; } = true;

    public IoEngineKind Engine { get; init; } = IoEngineKind.Auto;

    /// <summary>Past the page cache, where the filesystem below can do it.</summary>
    public bool TryDirect { get; init; } = true;

    /// <summary>Operations that the kernel has at once; more wait their turn. A power of two.</summary>
    public int QueueDepth { get; init; } = 256;
}
