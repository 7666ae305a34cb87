namespace Txlfs.Tests.Fuzz;

/// <summary>Many seeds of one fuzzer on a few threads, watched: a case that does not end is a failure with its seed, not a test run that hangs.</summary>
public sealed class FuzzRun(string kind, ulong firstSeed, Func<long, bool> goesOn)
{
    private const int CheckEveryMs = 200;
    private const int HangChecks = 120_000 / CheckEveryMs;

    private readonly List<FuzzFailure> _failures = [];
    private readonly Lock _lock = new();
    private long _next;
    private long _done;
    private long _sum;

    /// <summary>Stops at so many failures.</summary>
    public int MaxFailures { get; init; } = 1;

    /// <summary>Called with the number of cases done, now and then.</summary>
    public Action<long>? OnProgress { get; init; }

    /// <summary>Told of each failure at once.</summary>
    public Action<FuzzFailure>? OnFailure { get; init; }

    public long Cases => Volatile.Read(ref _done);

    /// <summary>Sum of what the cases gave back.</summary>
    public long Sum => Volatile.Read(ref _sum);

    public IReadOnlyList<FuzzFailure> Execute()
    {
        var workers = new Worker[Environment.ProcessorCount];
        for (int i = 0; i < workers.Length; i++)
        {
            workers[i] = new Worker(this);
        }
        while (workers.Any(worker => worker.IsAlive))
        {
            Thread.Sleep(CheckEveryMs);
            OnProgress?.Invoke(Cases);
            if (Array.Find(workers, worker => worker.IsHanging()) is { } hanging)
            {
                Fail(FuzzFailure.At(kind, hanging.Seed, "", new TimeoutException("the case does not end")));
                break;
            }
        }
        lock (_lock)
        {
            return [.. _failures];
        }
    }

    private void Fail(FuzzFailure failure)
    {
        lock (_lock)
        {
            _failures.Add(failure);
        }
        OnFailure?.Invoke(failure);
    }

    private bool TryTake(out ulong seed)
    {
        long turn = Interlocked.Increment(ref _next) - 1;
        seed = firstSeed + (ulong)turn;
        lock (_lock)
        {
            return _failures.Count < MaxFailures && goesOn(turn);
        }
    }

    private sealed class Worker
    {
        private readonly FuzzRun _run;
        private readonly Thread _thread;
        private ulong _seed;
        private ulong _seenSeed;
        private int _checksOfSeed;

        public Worker(FuzzRun run)
        {
            _run = run;
            _thread = new Thread(Work) { IsBackground = true };
            _thread.Start();
        }

        public bool IsAlive => _thread.IsAlive;

        public ulong Seed => Volatile.Read(ref _seed);

        public bool IsHanging()
        {
            if (!IsAlive || Seed != _seenSeed)
            {
                (_seenSeed, _checksOfSeed) = (Seed, 0);
                return false;
            }
            return ++_checksOfSeed > HangChecks;
        }

        private void Work()
        {
            while (_run.TryTake(out ulong seed))
            {
                Volatile.Write(ref _seed, seed);
                try
                {
                    Interlocked.Add(ref _run._sum, FuzzCases.Execute(_run.Kind, seed));
                }
                catch (FuzzFailure failure)
                {
                    _run.Fail(failure);
                }
                Interlocked.Increment(ref _run._done);
            }
        }
    }

    private string Kind => kind;
}
