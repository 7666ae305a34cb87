using System.Threading.Tasks.Sources;

namespace Txlfs.Journal.Runtime.Simulation;

/// <summary>
/// Executor, clock and randomness of a simulated run: one thread, virtual time, and one seed that decides everything.
/// Each step runs one runnable item, chosen at random; when none is runnable, time jumps to the next timer. Two runs
/// from one seed take the same steps.
/// </summary>
public sealed class SimulatedRuntime : IExecutor, IClock, IRandomSource
{
    /// <summary>2024-01-01T00:00:00Z: the wall clock of every run begins here.</summary>
    private const long FirstWallNs = 1_704_067_200_000_000_000;

    private const long NsPerMs = 1_000_000;

    /// <summary>A step takes this long, so that timers come due under load too.</summary>
    private const long StepNs = 1_000;

    private readonly List<IWorkItem> _runnable = [];
    private readonly PriorityQueue<IWorkItem, (long DueNs, long Order)> _timers = new();
    private readonly Xoshiro256 _choices;
    private readonly Xoshiro256 _clients;
    private long _timerCount;
    private long _nowNs;
    private int _pumpThreadId;

    public SimulatedRuntime(ulong seed)
    {
        Seed = seed;
        _choices = new Xoshiro256(seed);
        _clients = new Xoshiro256(~seed);
        Log = new SimulatedLog();
        Seams = new Seams(this, this, this, Log);
        LeaveSynchronizationContext();
    }

    public ulong Seed { get; }

    public Seams Seams { get; }

    public SimulatedLog Log { get; }

    public long WallNs => FirstWallNs + _nowNs;

    public long MonotonicNs => _nowNs;

    /// <summary>Steps taken so far.</summary>
    public long Steps { get; private set; }

    /// <summary>A digest of every choice so far: two runs that agree on it took the same path.</summary>
    public ulong Trace { get; private set; }

    /// <summary>A run that takes more steps than this in one call is taken to be a livelock.</summary>
    public long MaxStepsPerRun { get; init; } = 50_000_000;

    public void Queue(IWorkItem item)
    {
        CheckThread();
        _runnable.Add(item);
    }

    public void Schedule(int delayMs, IWorkItem item)
    {
        CheckThread();
        ArgumentOutOfRangeException.ThrowIfNegative(delayMs);
        _timers.Enqueue(item, (_nowNs + delayMs * NsPerMs, _timerCount++));
    }

    public ulong NextUInt64() => _clients.NextUInt64();

    public void Fill(Span<byte> destination) => _clients.Fill(destination);

    /// <summary>Suspends the caller, which goes on as one runnable item among the others.</summary>
    public ValueTask Yield()
    {
        var resumption = new Resumption();
        Queue(resumption);
        return resumption.Task;
    }

    /// <summary>Suspends the caller for this much virtual time.</summary>
    public ValueTask Delay(int delayMs)
    {
        var resumption = new Resumption();
        Schedule(delayMs, resumption);
        return resumption.Task;
    }

    /// <summary>Pumps until the task has completed, and returns its result or throws its exception.</summary>
    public T RunToEnd<T>(ValueTask<T> task) => RunToEnd(() => task);

    /// <inheritdoc cref="RunToEnd{T}(ValueTask{T})"/>
    public void RunToEnd(ValueTask task) => Run(() => task);

    public T RunToEnd<T>(Func<ValueTask<T>> start)
    {
        ValueTask<T> task = default;
        Pump(() => task = start(), () => task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }

    public void Run(Func<ValueTask> start)
    {
        ValueTask task = default;
        Pump(() => task = start(), () => task.IsCompleted);
        task.GetAwaiter().GetResult();
    }

    /// <summary>Pumps until nothing is runnable. Time does not jump: timers that are not due stay.</summary>
    public void RunUntilIdle() => Pump(ReleaseDueTimers, () => _runnable.Count == 0);

    /// <summary>Pumps until this much virtual time has passed.</summary>
    public void RunFor(int durationMs)
    {
        long endNs = _nowNs + durationMs * NsPerMs;
        Pump(ReleaseDueTimers, () => _nowNs >= endNs || (_runnable.Count == 0 && !HasTimerBy(endNs)));
        _nowNs = Math.Max(_nowNs, endNs);
    }

    private bool HasTimerBy(long endNs) => _timers.TryPeek(out _, out (long DueNs, long Order) next) && next.DueNs <= endNs;

    private void Pump(Action start, Func<bool> isDone)
    {
        if (_pumpThreadId != 0)
            throw new SimulationException($"the simulation is pumped from inside one of its own items (seed {Seed})");
        LeaveSynchronizationContext();
        _pumpThreadId = Environment.CurrentManagedThreadId;
        try
        {
            start();
            for (long steps = 0; !isDone(); steps++)
            {
                if (steps >= MaxStepsPerRun)
                    throw new SimulationException($"livelock: not finished after {steps} steps (seed {Seed})");
                if (!Step())
                    throw new SimulationDeadlockException($"deadlock: nothing is runnable and no timer waits, after {Steps} steps (seed {Seed})");
            }
        }
        finally
        {
            _pumpThreadId = 0;
        }
    }

    private bool Step()
    {
        ReleaseDueTimers();
        if (_runnable.Count == 0)
        {
            if (!_timers.TryPeek(out _, out (long DueNs, long Order) next))
                return false;
            _nowNs = next.DueNs;
            ReleaseDueTimers();
        }
        int chosen = _choices.Next(_runnable.Count);
        IWorkItem item = _runnable[chosen];
        _runnable[chosen] = _runnable[^1];
        _runnable.RemoveAt(_runnable.Count - 1);
        Trace = (Trace ^ (uint)chosen ^ ((ulong)_runnable.Count << 32)) * 0x9E3779B97F4A7C15 + (ulong)_nowNs;
        Steps++;
        _nowNs += StepNs;
        item.Execute();
        return true;
    }

    private void ReleaseDueTimers()
    {
        while (_timers.TryPeek(out IWorkItem? item, out (long DueNs, long Order) next) && next.DueNs <= _nowNs)
        {
            _timers.Dequeue();
            _runnable.Add(item);
        }
    }

    /// <summary>Work that slipped to another thread would make the run depend on timing.</summary>
    private void CheckThread()
    {
        if (_pumpThreadId != 0 && _pumpThreadId != Environment.CurrentManagedThreadId)
            throw new SimulationException($"work left the simulation's thread (seed {Seed})");
    }

    /// <summary>A context that a test framework left on this thread would take continuations to threads of its own.</summary>
    private static void LeaveSynchronizationContext() => SynchronizationContext.SetSynchronizationContext(null);

    private sealed class Resumption : IWorkItem, IValueTaskSource
    {
        private ManualResetValueTaskSourceCore<bool> _core;

        public ValueTask Task => new(this, _core.Version);

        public void Execute() => _core.SetResult(true);

        public void GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _core.OnCompleted(continuation, state, token, flags);
    }
}
