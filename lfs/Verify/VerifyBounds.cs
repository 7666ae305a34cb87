using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify;

/// <summary>How much a verifier holds in memory at a time; with less it takes more passes.</summary>
internal sealed record VerifyBounds(int WindowInodes, int KnownDirectories, ulong PageIds, int Steps)
{
    /// <summary>For fsck, which has the machine to itself: about 90 MiB at most.</summary>
    public static VerifyBounds Offline { get; } = new(1 << 18, 1 << 18, FaultLines.IdLimit, FindingList.MaxSteps);

    /// <summary>For a check inside a daemon with the smallest heap (24 MiB): about 9 MiB at most, for an index of up to 128 GiB.</summary>
    public static VerifyBounds Online { get; } = new(1 << 16, 1 << 15, 1UL << 24, 0);
}
