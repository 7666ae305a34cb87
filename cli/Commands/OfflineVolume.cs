using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Cli.Commands;

/// <summary>A volume that is not mounted, opened by a tool to change something and closed in order.</summary>
internal static class OfflineVolume
{
    public static async Task<T> ChangeAsync<T>(IBlockDevice device, Func<Volume, Task<T>> change)
    {
        using Volume volume = await Volume.OpenAsync(device, new VolumeOptions(), SystemTools.Seams()).ConfigureAwait(false);
        T result = await change(volume).ConfigureAwait(false);
        int closed = await volume.CloseAsync().ConfigureAwait(false);
        return closed == 0 ? result : throw new CommandException(ExitCodes.FromErrno(-closed), $"closing {device.Name} failed with errno {-closed}; the next mount replays the log");
    }
}
