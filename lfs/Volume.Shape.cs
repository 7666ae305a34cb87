using Txlfs.Lfs.Shape;

namespace Txlfs.Lfs;

// Size, label, UUID, codec. Thin: the rules are in lfs/Shape. Errors are VolumeExceptions.
public sealed partial class Volume
{
    private readonly VolumeShaper _shaper;

    /// <summary>What the volume takes of its device.</summary>
    public long DeviceBytes => _engine.Superblock.DeviceBytes;

    /// <summary>Changes label, UUID or codec; on stable storage when it completes.</summary>
    public ValueTask TuneAsync(TuneOptions options) => _shaper.TuneAsync(options);

    /// <summary>Makes the volume take more of its device, beside whatever it does; the space can be written when this completes.</summary>
    public ValueTask ResizeAsync(long deviceBytes) => _shaper.ResizeAsync(deviceBytes);
}
