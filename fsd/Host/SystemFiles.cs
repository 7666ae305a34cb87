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

    /// <summary>False when it is not there or not ours to write.</summary>
    public static bool TryWriteText(string path, string text)
    {
        try
        {
            File.WriteAllText(path, text);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public static bool Exists(string path) => File.Exists(path);

    /// <summary>Physical memory of the machine, or what the control group leaves of it.</summary>
    public static long MachineMemoryBytes()
    {
        long kibibytes = KibibytesOf(TryReadText("/proc/meminfo") ?? "", "MemTotal:");
        long machine = kibibytes > 0 ? kibibytes << 10 : 1L << 30;
        string? group = TryReadText("/sys/fs/cgroup/memory.max")?.Trim();
        return long.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? Math.Min(machine, limit) : machine;
    }

    /// <summary>What this process holds in memory now, and the most that it held.</summary>
    public static (long ResidentBytes, long PeakBytes) OwnMemoryBytes()
    {
        string status = TryReadText("/proc/self/status") ?? "";
        return (KibibytesOf(status, "VmRSS:") << 10, KibibytesOf(status, "VmHWM:") << 10);
    }

    private static long KibibytesOf(string text, string name)
    {
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith(name, StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(name.Length).Trim().TrimEnd("kB").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes))
            {
                return kibibytes;
            }
        }
        return 0;
    }

    /// <summary>Appends from wherever the file ends; for the log.</summary>
    public static StreamWriter OpenLog(string path) => new(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
}
