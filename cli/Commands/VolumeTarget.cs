using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Files;

namespace Txlfs.Cli.Commands;

/// <summary>A volume that is only looked at: named by its device, its image file, or the directory where it is mounted.</summary>
internal static class VolumeTarget
{
    public static (string Path, MountEntry? Mount) Resolve(string target)
    {
        string path = Path.GetFullPath(target);
        switch (FileKinds.Of(path))
        {
            case FileKind.Directory:
                MountEntry? here = MountTable.At(path);
                return here is not null && MountTable.IsTxlfs(here)
                    ? (here.Source, here)
                    : throw new CommandException(ExitCodes.NotFound, $"no txlfs volume is mounted on {target}");
            case FileKind.Regular or FileKind.BlockDevice:
                return (path, MountTable.Read().LastOrDefault(entry => MountTable.IsTxlfs(entry) && entry.Source == path));
            case FileKind.Absent:
                throw new CommandException(ExitCodes.NotFound, $"{target} is not there");
            default:
                throw new CommandException(ExitCodes.Usage, $"{target} is neither a device nor an image file nor a directory");
        }
    }

    /// <summary>Beside a daemon that works on it there is no lock to be had: what is read then may be a moment old, or refused as torn.</summary>
    public static IBlockDevice OpenForLooking(string path, MountEntry? mount)
        => FileBlockDevice.Open(path, new FileDeviceOptions { IsReadOnly = true, IsLocked = mount is null, QueueDepth = 32 });
}
