using System.Diagnostics;
using Txlfs.Tests.Crash;

namespace Txlfs.Tests.Soak;

/// <summary>What to run, and for how long.</summary>
internal sealed record SoakPlan
{
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(10);
    public required ulong FirstSeed { get; init; }

    /// <summary>Weighted by repetition: the wider a kind's space, the more of its seeds.</summary>
    public IReadOnlyList<string> Kinds { get; init; } = ["cut", "cut", "ace3", "ace3", "ace3", "ace3", .. Cases.Kinds];

    /// <summary>Ends after so many cases, whatever the time.</summary>
    public long Count { get; init; } = long.MaxValue;
}

/// <summary>Seeds from the first one on, every kind of case in turn, one worker a processor, until the time is over or a case fails.</summary>
internal sealed class SoakRun(SoakPlan plan)
{
    private const int ReportEveryMs = 60_000;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private long _next;
    private long _cases;
    private long _remounts;
    private long _reports;
    private CrashFailure? _failed;

    public int Execute()
    {
        Thread[] workers = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        foreach (string line in Coverage.Lines)
        {
            Console.WriteLine(line);
        }
        if (_failed is not null)
        {
            Console.Error.WriteLine(_failed);
            return 1;
        }
        Console.WriteLine($"{_cases} cases from seed {plan.FirstSeed} on, {_remounts} remounts in {_watch.Elapsed.TotalSeconds:F0} s, all as promised");
        return 0;
    }

    private void Work()
    {
        while ((plan.Count != long.MaxValue || _watch.Elapsed < plan.Duration) && Volatile.Read(ref _failed) is null)
        {
            long turn = Interlocked.Increment(ref _next) - 1;
            if (turn >= plan.Count)
            {
                return;
            }
            string kind = plan.Kinds[(int)(turn % plan.Kinds.Count)];
            try
            {
                Interlocked.Add(ref _remounts, Cases.Execute(kind, plan.FirstSeed + (ulong)turn));
                Interlocked.Increment(ref _cases);
                Coverage.Count($"cases of {kind}");
            }
            catch (CrashFailure failure)
            {
                Interlocked.CompareExchange(ref _failed, failure, null);
            }
            Report();
        }
    }

    private void Report()
    {
        long due = _watch.ElapsedMilliseconds / ReportEveryMs;
        if (Interlocked.Exchange(ref _reports, due) < due)
        {
            Console.WriteLine($"{due} min: {Volatile.Read(ref _cases)} cases, {Volatile.Read(ref _remounts)} remounts");
        }
    }
}
