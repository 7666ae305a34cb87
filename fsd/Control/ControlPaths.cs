using System.Globalization;
using System.Runtime.InteropServices;
using Txlfs.Fsd.Host;

namespace Txlfs.Fsd.Control;

/// <summary>
/// Where a mount's socket is: in a directory that only the mount's owner can write, named for the mount's device number, which is unique on the machine
/// while the mount lives. So who knows the mount finds the socket, and nobody else can put one there.
/// </summary>
public static class ControlPaths
{
    public const string Suffix = ".sock";

    /// <summary>Candidates in the order in which they are tried, by daemons and tools alike.</summary>
    public static IReadOnlyList<string> DirectoriesOf(uint owner)
        => owner == 0 ? ["/run/txlfs"] : [string.Create(CultureInfo.InvariantCulture, $"/run/user/{owner}/txlfs"), string.Create(CultureInfo.InvariantCulture, $"/tmp/txlfs-{owner}")];

    public static string NameOf(MountEntry mount) => string.Create(CultureInfo.InvariantCulture, $"{mount.DeviceMajor}-{mount.DeviceMinor}{Suffix}");

    /// <summary>Who mounted it, as the kernel says.</summary>
    public static uint OwnerOf(MountEntry mount)
    {
        const string Option = "user_id=";
        string? value = mount.SuperOptions.Split(',').FirstOrDefault(option => option.StartsWith(Option, StringComparison.Ordinal));
        return value is not null && uint.TryParse(value.AsSpan(Option.Length), NumberStyles.None, CultureInfo.InvariantCulture, out uint owner) ? owner : 0;
    }

    /// <summary>Makes the daemon's own directory, or proves that the one that is there is private. Null, and why, when neither is possible.</summary>
    public static string? TryPrepareDirectory(out string reason)
    {
        reason = "";
        uint self = HostLibC.EffectiveUserId();
        foreach (string directory in DirectoriesOf(self))
        {
            if (HostLibC.MakeDirectory(directory, OwnerOnly) != 0 && Marshal.GetLastPInvokeError() is not Journal.Errno.EEXIST and int errno)
            {
                reason = $"{directory}: {Marshal.GetPInvokeErrorMessage(errno)}";
                continue;
            }
            if (IsPrivate(directory, self))
            {
                return directory;
            }
            reason = $"{directory} is not a directory that only this user can write";
        }
        return null;
    }

    /// <summary>A directory, not a link to one, of this user, that nobody else can write.</summary>
    private static unsafe bool IsPrivate(string directory, uint owner)
    {
        const int ModeOffset = 28, UidOffset = 20, StatxBytes = 256, NoFollow = 0x100;
        byte* stat = stackalloc byte[StatxBytes];
        return HostLibC.ExtendedStat(HostLibC.CurrentDirectory, directory, NoFollow, 0x7FF, stat) == 0
            && (*(ushort*)(stat + ModeOffset) & 0xF000) == 0x4000
            && (*(ushort*)(stat + ModeOffset) & 0x12) == 0
            && *(uint*)(stat + UidOffset) == owner;
    }

    private const uint OwnerOnly = 0x1C0; // 0700
}
