using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Txlfs.Fsd.Host;
using Txlfs.Journal;

namespace Txlfs.Cli.Commands;

/// <summary><c>txlfs umount</c>: unmounts, and returns when the daemon has closed the volume and let go of the device.</summary>
internal static class UmountCommand
{
    public static Command Build()
    {
        Argument<string> directory = new("DIRECTORY") { Description = "where the volume is mounted" };
        Option<bool> lazy = new("--lazy", "-l") { Description = "take it out of the tree now; it ends with its last user" };
        Command command = new("umount", "unmount a volume and wait until it is closed") { directory, lazy };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(directory), parsed.GetValue(lazy)));
        return command;
    }

    public static int Run(string directory, bool isLazy)
    {
        MountEntry? entry = MountTable.At(directory);
        if (entry is null)
        {
            throw new CommandException(ExitCodes.NotFound, $"nothing is mounted on {directory}");
        }
        if (!MountTable.IsTxlfs(entry))
        {
            throw new CommandException(ExitCodes.Usage, $"{directory} is a mount of {entry.FilesystemType}, not of txlfs");
        }
        int errno = HostLibC.EffectiveUserId() == 0 ? UnmountAsRoot(entry.MountPoint, isLazy) : UnmountAsUser(entry.MountPoint, isLazy);
        if (errno != 0)
        {
            string reason = errno == Errno.EBUSY ? "it is in use" : Marshal.GetPInvokeErrorMessage(errno);
            throw new CommandException(ExitCodes.FromErrno(errno), $"cannot unmount {directory}: {reason}");
        }
        if (!isLazy)
        {
            WaitUntilClosed(entry.Source);
        }
        return ExitCodes.Success;
    }

    private static int UnmountAsRoot(string directory, bool isLazy)
        => HostLibC.Unmount(directory, isLazy ? HostLibC.UnmountDetach : 0) == 0 ? 0 : Marshal.GetLastPInvokeError();

    private static int UnmountAsUser(string directory, bool isLazy)
    {
        ProcessStartInfo helper = new("fusermount3") { RedirectStandardError = true, ArgumentList = { isLazy ? "-uz" : "-u", "--", directory } };
        try
        {
            using Process process = Process.Start(helper)!;
            string complaint = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? 0 : complaint.Contains("busy", StringComparison.OrdinalIgnoreCase) ? Errno.EBUSY : Errno.EPERM;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new CommandException(ExitCodes.System, "fusermount3 is needed to unmount without being root (Debian: apt install fuse3)");
        }
    }

    /// <summary>The daemon holds the device's lock until the last byte is on it: waiting for that lock is waiting for the daemon.</summary>
    private static void WaitUntilClosed(string device)
    {
        int descriptor = HostLibC.Open(device, HostLibC.OpenReadOnly | HostLibC.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            return;
        }
        while (HostLibC.FileLock(descriptor, HostLibC.LockShared) != 0 && Marshal.GetLastPInvokeError() == Errno.EINTR)
        {
        }
        HostLibC.Close(descriptor);
    }
}
