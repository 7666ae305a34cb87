namespace Txlfs.Lfs.Verify;

/// <summary>What may be changed.</summary>
public enum RepairMode
{
    /// <summary>Nothing is written.</summary>
    None,

    /// <summary>What follows with certainty from the rest of the volume.</summary>
    Preen,

    /// <summary>What <see cref="CheckOptions.Ask"/> says yes to, asked once a kind.</summary>
    Ask,

    /// <summary>Everything that can be mended.</summary>
    All,
}

public sealed record CheckOptions
{
    public RepairMode Repair { get; init; }

    /// <summary>A volume that was closed in order is checked all the same.</summary>
    public bool IsForced { get; init; }

    /// <summary>Reads every extent and compares its checksum.</summary>
    public bool ChecksData { get; init; }

    /// <summary>The index is rebuilt from a scan of the device, whatever is left of it.</summary>
    public bool Rebuilds { get; init; }

    /// <summary>Ceiling of the memory used, bytes.</summary>
    public long MemoryBytes { get; init; } = 96L << 20;

    /// <summary>Answers a question; used with <see cref="RepairMode.Ask"/>.</summary>
    public Func<string, bool> Ask { get; init; } = _ => false;

    /// <summary>Told of each finding of the first round, as soon as a pass has ended, and of what was done.</summary>
    public Action<string> Say { get; init; } = _ => { };
    public ICheckProgress Progress { get; init; } = NoProgress.Instance;
}

/// <summary>How a check went.</summary>
public sealed record CheckReport
{
    /// <summary>The volume was closed in order and not forced: it was looked at, not checked.</summary>
    public bool WasOnlyLookedAt { get; init; }
    public bool WasClean { get; init; }

    /// <summary>What was found before anything was mended.</summary>
    public required FindingList Found { get; init; }

    /// <summary>What is there now; the same as <see cref="Found"/> when nothing was changed.</summary>
    public required FindingList Left { get; init; }

    public bool HasChanged { get; init; }
    public bool WasRebuilt { get; init; }
    public ulong Inodes { get; init; }
    public long Directories { get; init; }
    public ulong Records { get; init; }
    public long LiveBytes { get; init; }
    public long TotalBytes { get; init; }
    public long DataBytesRead { get; init; }
}
