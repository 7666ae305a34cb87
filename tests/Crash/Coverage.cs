using System.Collections.Concurrent;

namespace Txlfs.Tests.Crash;

/// <summary>How often each thing that the tests claim to try has really happened, over all cases of the process.</summary>
public static class Coverage
{
    private static readonly ConcurrentDictionary<string, long> s_counts = new(StringComparer.Ordinal);

    public static void Count(string what, long by = 1) => s_counts.AddOrUpdate(what, by, (_, sum) => sum + by);

    public static long Of(string what) => s_counts.GetValueOrDefault(what);

    public static IEnumerable<string> Lines => s_counts.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Value,12:N0}  {entry.Key}");
}
