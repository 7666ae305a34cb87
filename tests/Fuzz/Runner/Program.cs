using System.Diagnostics;
using System.Globalization;

namespace Txlfs.Tests.Fuzz.Runner;

/// <summary>The fuzzers for as long as one likes, or one case again.</summary>
internal static class Program
{
    private const int UsageError = 64;
    private const int ReportEveryMs = 30_000;
    private const int MaxFailures = 20;

    private static int Main(string[] arguments)
    {
        if (arguments is ["--replay", var replayed, var text] && FuzzCases.Kinds.Contains(replayed) && ulong.TryParse(text, CultureInfo.InvariantCulture, out ulong one))
        {
            return Replay(replayed, one);
        }
        double minutes = 10;
        ulong seed = (ulong)DateTime.UtcNow.Ticks / 10_000_000;
        string? kind = null;
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            bool isGood = arguments[i] switch
            {
                "--minutes" => double.TryParse(value, CultureInfo.InvariantCulture, out minutes),
                "--seed" => ulong.TryParse(value, CultureInfo.InvariantCulture, out seed),
                "--only" => FuzzCases.Kinds.Contains(kind = value),
                _ => false,
            };
            if (!isGood)
            {
                Console.Error.WriteLine($"usage: fuzz [--minutes N] [--seed FIRST] [--only {string.Join('|', FuzzCases.Kinds)}] | fuzz --replay KIND SEED");
                return UsageError;
            }
        }
        string[] kinds = kind is null ? [.. FuzzCases.Kinds] : [kind];
        int failures = 0;
        foreach (string each in kinds)
        {
            failures += Fuzz(each, seed, TimeSpan.FromMinutes(minutes / kinds.Length));
        }
        return failures == 0 ? 0 : 1;
    }

    private static int Replay(string kind, ulong seed)
    {
        try
        {
            long result = FuzzCases.Execute(kind, seed);
            Console.WriteLine($"{kind} seed {seed}: as promised ({result}), {GC.GetAllocatedBytesForCurrentThread() >> 20} MiB allocated");
            return 0;
        }
        catch (FuzzFailure failure)
        {
            Console.Error.WriteLine(failure.Message);
            return 1;
        }
    }

    private static int Fuzz(string kind, ulong seed, TimeSpan duration)
    {
        Stopwatch watch = Stopwatch.StartNew();
        long reports = 0;
        var run = new FuzzRun(kind, seed, _ => watch.Elapsed < duration)
        {
            MaxFailures = MaxFailures,
            OnFailure = failure => Console.Error.WriteLine(failure.Message + "\n"),
            OnProgress = cases =>
            {
                if (watch.ElapsedMilliseconds / ReportEveryMs > reports)
                {
                    reports = watch.ElapsedMilliseconds / ReportEveryMs;
                    Console.WriteLine($"{kind}: {cases} cases after {watch.Elapsed.TotalSeconds:0} s, {GC.GetTotalMemory(false) >> 20} MiB");
                }
            },
        };
        int failures = run.Execute().Count;
        Console.WriteLine($"{kind}: {run.Cases} cases from seed {seed} on ({run.Sum}), {failures} failures");
        return failures;
    }
}
