using System.Globalization;

namespace Txlfs.Fsd.Host;

/// <summary>
/// How far the kernel reads ahead of a sequential reader. Its default of 128 KiB hides no device's latency behind a trip through FUSE, and keeps one processor waiting for
/// another; 4 MiB are a few requests of the largest size (btrfs takes the same). The kernel begins small and comes to it only with readers that stay sequential.
/// Measured: 540 MB/s with 128 KiB, 660 with 1 MiB, 846 with 2 MiB, 976 with 4 MiB.
/// </summary>
internal static class ReadAhead
{
    private const int WindowKibibytes = 4096;

    /// <summary>True when the window is set; false where sysfs is not ours to write (not root, or a container): the mount works all the same.</summary>
    public static bool TryWiden(MountEntry mount) =>
        SystemFiles.TryWriteText(string.Create(CultureInfo.InvariantCulture, $"/sys/class/bdi/{mount.DeviceMajor}:{mount.DeviceMinor}/read_ahead_kb"),
            WindowKibibytes.ToString(CultureInfo.InvariantCulture));
}
