using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Files;

namespace Txlfs.Fsd.Host;

/// <summary>Opens devices the way the daemon and the tools want them.</summary>
public static class DeviceOptions
{
    /// <summary>With the exclusive lock: nobody else mounts, formats or checks it meanwhile.</summary>
    public static FileBlockDevice OpenForMount(string path, MountSettings settings) => FileBlockDevice.Open(path, new FileDeviceOptions
    {
        IsReadOnly = settings.IsReadOnly,
        Engine = settings.Engine,
    });

    /// <summary>A tool looks at or formats it for a moment; a few operations in flight do.</summary>
    public static FileBlockDevice OpenForTool(string path, bool isReadOnly) => FileBlockDevice.Open(path, new FileDeviceOptions
    {
        IsReadOnly = isReadOnly,
        QueueDepth = 32,
    });
}
