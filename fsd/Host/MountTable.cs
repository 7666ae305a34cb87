using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Txlfs.Fsd.Host;

/// <summary>One line of /proc/self/mountinfo.</summary>
public sealed record MountEntry(uint DeviceMajor, uint DeviceMinor, string MountPoint, string FilesystemType, string Source, string Options, string SuperOptions);

/// <summary>What is mounted, as this process sees it.</summary>
public static class MountTable
{
    public static IReadOnlyList<MountEntry> Read() => Parse(SystemFiles.TryReadText("/proc/self/mountinfo") ?? "");

    /// <summary>The topmost mount at exactly this directory, or null. The table has no symbolic links in its paths, a caller's may.</summary>
    public static MountEntry? At(string directory)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        return AtExactly(full) ?? (TryResolve(full) is { } resolved && resolved != full ? AtExactly(resolved) : null);
    }

    private static MountEntry? AtExactly(string path) => Read().LastOrDefault(entry => entry.MountPoint == (path.Length == 0 ? "/" : path));

    private static unsafe string? TryResolve(string path)
    {
        const int LongestPathBytes = 4096;
        byte* resolved = stackalloc byte[LongestPathBytes];
        return HostLibC.RealPath(path, resolved) == null ? null : Marshal.PtrToStringUTF8((nint)resolved);
    }

    public static bool IsTxlfs(MountEntry entry) => entry.FilesystemType is "fuse.txlfs" or "fuseblk.txlfs";

    internal static IReadOnlyList<MountEntry> Parse(string text)
    {
        List<MountEntry> entries = [];
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // 36 35 98:0 /root /mountpoint rw,noatime optional... - type source superoptions
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-", 6 <= fields.Length ? 6 : fields.Length);
            if (dash < 0 || dash + 3 >= fields.Length)
            {
                continue;
            }
            string[] device = fields[2].Split(':');
            if (device.Length != 2 || !uint.TryParse(device[0], CultureInfo.InvariantCulture, out uint major) || !uint.TryParse(device[1], CultureInfo.InvariantCulture, out uint minor))
            {
                continue;
            }
            entries.Add(new MountEntry(major, minor, Unescape(fields[4]), fields[dash + 1], Unescape(fields[dash + 2]), fields[5], fields[dash + 3]));
        }
        return entries;
    }

    /// <summary>The kernel writes space, tab, newline and backslash as three octal digits.</summary>
    internal static string Unescape(string text)
    {
        if (!text.Contains('\\'))
        {
            return text;
        }
        byte[] source = Encoding.UTF8.GetBytes(text);
        List<byte> bytes = new(source.Length);
        for (int i = 0; i < source.Length; i++)
        {
            if (source[i] == '\\' && i + 3 < source.Length && IsOctal(source[i + 1]) && IsOctal(source[i + 2]) && IsOctal(source[i + 3]))
            {
                bytes.Add((byte)(((source[i + 1] - '0') << 6) | ((source[i + 2] - '0') << 3) | (source[i + 3] - '0')));
                i += 3;
                continue;
            }
            bytes.Add(source[i]);
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static bool IsOctal(byte digit) => digit is >= (byte)'0' and <= (byte)'7';
}
