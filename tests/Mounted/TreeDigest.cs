using System.Globalization;
using System.Security.Cryptography;

namespace Txlfs.Tests.Mounted;

/// <summary>Everything that can be seen of a tree through system calls, as sorted lines.</summary>
internal static class TreeDigest
{
    public static List<string> Of(string root)
    {
        List<string> lines = [];
        Visit(root, "", lines);
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static void Visit(string root, string path, List<string> lines)
    {
        string full = root + path;
        StatxBuffer stat = Posix.Stat(full);
        uint type = stat.Mode & 0xF000u;
        lines.Add(string.Create(CultureInfo.InvariantCulture,
            $"{path} inode={stat.Inode} mode={Convert.ToString(stat.Mode, 8)} uid={stat.Uid} gid={stat.Gid} nlink={stat.Nlink} mtime={stat.Mtime.Seconds}.{stat.Mtime.Nanoseconds:D9} rdev={stat.RdevMajor}:{stat.RdevMinor}"));
        foreach (string name in Posix.ListXattr(full))
        {
            lines.Add($"{path} xattr {name}={Convert.ToHexString(SHA256.HashData(Posix.GetXattr(full, name)))}");
        }
        switch (type)
        {
            case 0x8000:
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"{path} size={stat.Size} sha256={ContentDigest(full)}"));
                break;
            case 0xA000:
                lines.Add($"{path} target={Posix.Readlink(full)}");
                break;
            case 0x4000:
                foreach (string child in Directory.EnumerateFileSystemEntries(full))
                {
                    Visit(root, path + "/" + Path.GetFileName(child), lines);
                }
                break;
            default:
                break;
        }
    }

    private static string ContentDigest(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 20);
        return Convert.ToHexString(SHA256.HashData(stream));
    }
}
