using Txlfs.Lfs.Verify;

namespace Txlfs.Cli.Fsck;

/// <summary>What a call of fsck asks for, under either of its names.</summary>
internal sealed record FsckRequest
{
    public required string Device { get; init; }
    public RepairMode Repair { get; init; }
    public bool IsForced { get; init; }
    public bool ChecksData { get; init; }
    public bool Rebuilds { get; init; }
    public bool IsJson { get; init; }
    public bool IsVerbose { get; init; }

    /// <summary>Where fsck(8) wants the progress: a file descriptor; 0: a bar; null: a bar when a person looks on.</summary>
    public int? ProgressDescriptor { get; init; }
    public long MemoryBytes { get; init; } = DefaultMemoryBytes();

    /// <summary>What is left for the check of the process's memory: the runtime itself, its code and its heap take about so much.</summary>
    public long CheckMemoryBytes => Math.Max(MinCheckBytes, MemoryBytes - RuntimeBytes);
    private const long RuntimeBytes = 64L << 20;
    private const long MinCheckBytes = 24L << 20;

    /// <summary>The one mode that the flags ask for; without any a person is asked, and where there is none nothing is changed.</summary>
    public static RepairMode ModeOf(bool isNo, bool isPreen, bool isYes, bool isRebuild)
    {
        if ((isNo ? 1 : 0) + (isPreen ? 1 : 0) + (isYes ? 1 : 0) > 1)
        {
            throw new Fsd.Host.CommandException(Fsd.Host.ExitCodes.Usage, "only one of -n, -p (or -a) and -y can be given");
        }
        if (isPreen && isRebuild)
        {
            throw new Fsd.Host.CommandException(Fsd.Host.ExitCodes.Usage, "--rebuild is nothing for -p: a rebuild wants a person's word (-y)");
        }
        return isNo ? RepairMode.None : isPreen ? RepairMode.Preen : isYes ? RepairMode.All
            : Console.IsInputRedirected || Console.IsOutputRedirected ? RepairMode.None : RepairMode.Ask;
    }

    /// <summary>A quarter of the machine's, 96 to 512 MiB.</summary>
    private static long DefaultMemoryBytes() => Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4, 96L << 20, 512L << 20);
}
