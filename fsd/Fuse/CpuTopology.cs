using System.Globalization;
using Txlfs.Fsd.Fuse.Interop;

namespace Txlfs.Fsd.Fuse;

/// <summary>Which cores there are and which there may ever be: io_uring wants a queue for each of the latter.</summary>
internal static unsafe class CpuTopology
{
    public static int[] Possible() => Parse(LibC.ReadSmallFile("/sys/devices/system/cpu/possible")) ?? [.. Enumerable.Range(0, Environment.ProcessorCount)];

    public static int[] Online() => Parse(LibC.ReadSmallFile("/sys/devices/system/cpu/online")) ?? [.. Enumerable.Range(0, Environment.ProcessorCount)];

    /// <summary>A list like "0-3,6"; null when it is none.</summary>
    public static int[]? Parse(string? list)
    {
        if (string.IsNullOrEmpty(list))
            return null;
        var cpus = new List<int>();
        foreach (string part in list.Split(','))
        {
            string[] ends = part.Split('-');
            if (ends.Length > 2 || !TryParse(ends[0], out int first) || !TryParse(ends[^1], out int last) || last < first)
                return null;
            for (int cpu = first; cpu <= last; cpu++)
                cpus.Add(cpu);
        }
        return [.. cpus];

        static bool TryParse(string text, out int cpu) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out cpu) && cpu < 1 << 16;
    }

    /// <summary>Ties the calling thread to a core; false when that core is not open to this process.</summary>
    public static bool PinThread(int cpu)
    {
        int words = cpu / 64 + 1;
        ulong* mask = stackalloc ulong[words];
        new Span<ulong>(mask, words).Clear();
        mask[cpu / 64] = 1UL << (cpu % 64);
        return LibC.SchedSetAffinity(0, (nuint)(words * sizeof(ulong)), mask) == 0;
    }
}
