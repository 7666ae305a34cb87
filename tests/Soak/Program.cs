using System.Globalization;
using Txlfs.Tests.Crash;

namespace Txlfs.Tests.Soak;

/// <summary>The crash test for as long as one likes, a range of its cases, or one of them again.</summary>
internal static class Program
{
    private const int UsageError = 64;
    private const string Usage = """
        usage: crash-soak [--minutes N] [--seed FIRST] [--kind KIND [--count N]]
               TXLFS_CASE=KIND TXLFS_SEED=S [TXLFS_EVENT=E] crash-soak --replay
        Every kind of case in turn from new seeds, until the time is over; or one kind only; or N cases of it.
        """;

    private static int Main(string[] arguments)
    {
        if (arguments is ["--replay"])
        {
            return Replay();
        }
        SoakPlan plan = new() { FirstSeed = (ulong)DateTime.UtcNow.Ticks / 10_000_000 };
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            SoakPlan? next = arguments[i] switch
            {
                "--minutes" when double.TryParse(value, CultureInfo.InvariantCulture, out double minutes) => plan with { Duration = TimeSpan.FromMinutes(minutes) },
                "--seed" when ulong.TryParse(value, CultureInfo.InvariantCulture, out ulong seed) => plan with { FirstSeed = seed },
                "--kind" when Cases.Kinds.Contains(value) => plan with { Kinds = [value] },
                "--count" when long.TryParse(value, CultureInfo.InvariantCulture, out long count) && count > 0 => plan with { Count = count },
                _ => null,
            };
            if (next is null)
            {
                Console.Error.WriteLine($"{Usage}\nkinds: {string.Join(' ', Cases.Kinds)}");
                return UsageError;
            }
            plan = next;
        }
        return new SoakRun(plan).Execute();
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
}
