#pragma warning disable RS0030 // The kernel's and the user's small text files; nothing of a volume goes through here.
using System.Globalization;

namespace Txlfs.Fsd.Host;

/// <summary>Small files of the system, read whole.</summary>
public static class SystemFiles
{
    /// <summary>Null when it is not there or not ours to read.</summary>
    public static string? TryReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static bool Exists(string path) => File.Exists(path);

    /// <summary>Physical memory of the machine, or what the control group leaves of it.</summary>
    public static long MachineMemoryBytes()
    {
        long machine = 1L << 30;
        foreach (string line in (TryReadText("/proc/meminfo") ?? "").Split('\n'))
        {
            if (line.StartsWith("MemTotal:", StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(9).Trim().TrimEnd("kB").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes))
            {
                machine = kibibytes << 10;
            }
        }
        string? group = TryReadText("/sys/fs/cgroup/memory.max")?.Trim();
        return long.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? Math.Min(machine, limit) : machine;
    }

    /// <summary>Appends from wherever the file ends; for the log.</summary>
    public static StreamWriter OpenLog(string path) => new(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
}
