namespace Txlfs.Journal.Runtime;

/// <summary>A piece of work that runs once, does not block, and throws nothing.</summary>
public interface IWorkItem : IThreadPoolWorkItem;

/// <summary>Where pipeline stages run: the thread pool in production, one seeded single-threaded scheduler in the simulation.</summary>
public interface IExecutor
{
    /// <summary>Runs the item soon, never on the caller's stack.</summary>
    void Queue(IWorkItem item);
}

public interface IClock
{
    /// <summary>Wall clock, nanoseconds since 1970-01-01 UTC.</summary>
    long WallNs { get; }

    /// <summary>Monotonic, nanoseconds from an arbitrary origin.</summary>
    long MonotonicNs { get; }

    /// <summary>Queues the item on the executor once <paramref name="delayMs"/> have passed. Not cancellable; bounded by the callers (one timer each).</summary>
    void Schedule(int delayMs, IWorkItem item);
}

public interface IRandomSource
{
    ulong NextUInt64();
    void Fill(Span<byte> destination);
}

/// <summary>Everything non-deterministic that a volume may touch, besides its device.</summary>
public sealed record Seams(IExecutor Executor, IClock Clock, IRandomSource Random, ILogSink Log);

public enum LogSeverity { Debug, Info, Warning, Error }

/// <summary>Where a volume tells people what happened (file, offset, device address of bad data, transport taken ...).</summary>
public interface ILogSink
{
    void Write(LogSeverity severity, string message);
}
