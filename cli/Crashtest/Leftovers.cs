using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Crashtest;

/// <summary>
/// Processes that a user's program started and left running: a power cut would end them, and they keep the mount in use. They are known by
/// their environment, which names the mount of this run and of no other.
/// </summary>
internal static class Leftovers
{
    private const int Kill = 9;

    public static void End(string mountPoint)
    {
        string mark = $"TXLFS_MOUNT={mountPoint}\0";
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), out int pid) && SystemFiles.TryReadText($"{process}/environ") is { } environment
                && environment.Contains(mark, StringComparison.Ordinal))
            {
                HostLibC.SendSignal(pid, Kill);
            }
        }
    }
}
