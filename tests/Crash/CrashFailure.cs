namespace Txlfs.Tests.Crash;

/// <summary>A broken promise, with all that is needed to see it again.</summary>
public sealed class CrashFailure(string message, Exception? inner = null) : Exception(message, inner)
{
    public static CrashFailure At(string kind, ulong seed, long eventNumber, string problem, Exception? inner = null) => new(
        $"{problem}\nseed {seed}, device event {eventNumber}; replay with:\nTXLFS_CASE={kind} TXLFS_SEED={seed} TXLFS_EVENT={eventNumber} scripts/crash-soak --replay", inner);
}
