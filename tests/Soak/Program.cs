using System.Diagnostics;
using System.Globalization;
using Txlfs.Tests.Crash;

namespace Txlfs.Tests.Soak;

/// <summary>The crash test for as long as one likes, or one case of it again.</summary>
internal static class Program
{
    private const int UsageError = 64;
    private const int ReportEveryMs = 60_000;

    private static int Main(string[] arguments)
    {
        if (arguments is ["--replay"])
        {
            return Replay();
        }
        double minutes = 10;
        ulong seed = (ulong)DateTime.UtcNow.Ticks / 10_000_000;
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            bool isGood = arguments[i] switch
            {
                "--minutes" => double.TryParse(value, CultureInfo.InvariantCulture, out minutes),
                "--seed" => ulong.TryParse(value, CultureInfo.InvariantCulture, out seed),
                _ => false,
            };
            if (!isGood)
            {
                Console.Error.WriteLine("usage: crash-soak [--minutes N] [--seed FIRST] | TXLFS_CASE=KIND TXLFS_SEED=S [TXLFS_EVENT=E] crash-soak --replay");
                return UsageError;
            }
        }
        return Soak(TimeSpan.FromMinutes(minutes), seed);
    }

    private static int Replay()
    {
        string kind = Environment.GetEnvironmentVariable("TXLFS_CASE") ?? "cut";
        ulong seed = ulong.Parse(Environment.GetEnvironmentVariable("TXLFS_SEED") ?? "1", CultureInfo.InvariantCulture);
        string? only = Environment.GetEnvironmentVariable("TXLFS_EVENT");
        // Event 0 is a failure outside of any cut: the whole case is run.
        long? onlyEvent = only is null or "0" ? null : long.Parse(only, CultureInfo.InvariantCulture);
        try
        {
            Console.WriteLine($"{kind} seed {seed}: {Cases.Execute(kind, seed, onlyEvent)} remounts, all as promised");
            return 0;
        }
        catch (CrashFailure failure)
        {
            Console.Error.WriteLine(failure);
            return 1;
        }
    }

    /// <summary>Seeds from the first one on, every kind of case in turn, one worker a processor, until the time is over or a case fails.</summary>
    private static int Soak(TimeSpan duration, ulong firstSeed)
    {
        Stopwatch watch = Stopwatch.StartNew();
        string[] kinds = ["cut", "cut", "cut", .. Cases.Kinds];
        long next = 0, remounts = 0, reports = 0;
        CrashFailure? failed = null;
        void Work()
        {
            while (watch.Elapsed < duration && Volatile.Read(ref failed) is null)
            {
                long turn = Interlocked.Increment(ref next) - 1;
                try
                {
                    Interlocked.Add(ref remounts, Cases.Execute(kinds[turn % kinds.Length], firstSeed + (ulong)turn));
                }
                catch (CrashFailure failure)
                {
                    Interlocked.CompareExchange(ref failed, failure, null);
                }
                long due = watch.ElapsedMilliseconds / ReportEveryMs;
                if (Interlocked.Exchange(ref reports, due) < due)
                {
                    Console.WriteLine($"{due} min: {Volatile.Read(ref next)} cases, {Volatile.Read(ref remounts)} remounts");
                }
            }
        }
        Thread[] workers = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        if (failed is not null)
        {
            Console.Error.WriteLine(failed);
            return 1;
        }
        Console.WriteLine($"{next} cases from seed {firstSeed} on, {remounts} remounts, all as promised");
        return 0;
    }
}
