using System.Runtime.InteropServices;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli;

internal enum FileKind { Absent, Regular, BlockDevice, Directory, Other }

/// <summary>What a path leads to, by statx(2): its layout is the same on every architecture.</summary>
internal static unsafe class FileKinds
{
    private const int ModeOffset = 28, SizeOffset = 40, RdevMajorOffset = 128, RdevMinorOffset = 132, StatxBytes = 256;

    public static FileKind Of(string path)
    {
        byte* stat = stackalloc byte[StatxBytes];
        if (!TryStat(path, stat))
        {
            return FileKind.Absent;
        }
        return (*(ushort*)(stat + ModeOffset) & 0xF000) switch
        {
            0x8000 => FileKind.Regular,
            0x6000 => FileKind.BlockDevice,
            0x4000 => FileKind.Directory,
            _ => FileKind.Other,
        };
    }

    public static long LengthBytes(string path)
    {
        byte* stat = stackalloc byte[StatxBytes];
        return TryStat(path, stat) ? *(long*)(stat + SizeOffset) : 0;
    }

    public static (uint Major, uint Minor) BlockDeviceNumber(string path)
    {
        byte* stat = stackalloc byte[StatxBytes];
        return TryStat(path, stat) ? (*(uint*)(stat + RdevMajorOffset), *(uint*)(stat + RdevMinorOffset)) : (0, 0);
    }

    private static bool TryStat(string path, byte* stat) => HostLibC.ExtendedStat(HostLibC.CurrentDirectory, path, 0, 0x7FF, stat) == 0;
}
