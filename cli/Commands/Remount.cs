using System.Runtime.InteropServices;
using Txlfs.Fsd.Fuse.Interop;
using Txlfs.Fsd.Fuse.Mount;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Commands;

/// <summary>
/// <c>mount -o remount,...</c>: changes what the kernel enforces (ro, rw, nosuid, noexec, ...). The daemon's own options cannot change while
/// it runs; mount(8) repeats them from fstab, so they are passed over.
/// </summary>
internal static class Remount
{
    private const uint RemountFlag = 32;

    public static void Run(string directory, MountSettings settings)
    {
        MountEntry? entry = MountTable.At(directory);
        if (entry is null || !MountTable.IsTxlfs(entry))
        {
            throw new CommandException(ExitCodes.NotFound, $"no txlfs volume is mounted on {directory}");
        }
        uint flags = MountOptionTable.ToFlags(["suid", "dev", .. settings.KernelOptions, settings.IsReadOnly ? "ro" : "rw"]);
        if (LibC.Mount(entry.Source, entry.MountPoint, entry.FilesystemType, flags | RemountFlag, "") != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw new CommandException(ExitCodes.FromErrno(errno), $"cannot remount {directory}: {Marshal.GetPInvokeErrorMessage(errno)}");
        }
    }
}
