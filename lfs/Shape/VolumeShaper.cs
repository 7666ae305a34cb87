using System.Text;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Shape;

/// <summary>
/// Changes of what a volume is, beside its work: size, label, UUID, codec. One at a time. Each is a new superblock (invariants B1, B2); a growth is in force
/// before anything is put into the new segments (B3).
/// </summary>
internal sealed class VolumeShaper(VolumeEngine engine, IBlockDevice device)
{
    private int _isBusy;

    public async ValueTask TuneAsync(TuneOptions options)
    {
        if (options.Label is { } label && (Encoding.UTF8.GetByteCount(label) > Superblock.LabelBytes || label.Contains('\0', StringComparison.Ordinal)))
        {
            throw new VolumeException(Errno.EINVAL, $"a label has at most {Superblock.LabelBytes} bytes, none of them NUL");
        }
        if (options.Compression is { } codec && !Codec.IsAvailable(codec, out string reason))
        {
            throw new VolumeException(Errno.EINVAL, reason);
        }
        Begin();
        try
        {
            await ChangeAsync(Tuned(engine.Superblock, options)).ConfigureAwait(false);
        }
        finally
        {
            End();
        }
    }

    /// <summary>Makes the volume take so much of the device (rounded down to blocks). The new segments are usable when this completes.</summary>
    public async ValueTask ResizeAsync(long deviceBytes)
    {
        Begin();
        try
        {
            Superblock old = engine.Superblock;
            Superblock resized = Resized(old, deviceBytes);
            if (resized.SegmentCount < old.SegmentCount)
            {
                throw new VolumeException(Errno.EOPNOTSUPP, $"a volume can only be made larger: it has {old.DeviceBytes} bytes, {resized.DeviceBytes} were asked for");
            }
            if (resized.DeviceBytes == old.DeviceBytes)
            {
                return;
            }

            // The table on the device must hold nothing behind its present end: what is not stored there counts as free from the moment that the superblock says so.
            engine.Segments.MarkAllDirty();
            await CheckpointAsync().ConfigureAwait(false);
            await ChangeAsync(resized).ConfigureAwait(false);
            engine.Segments.Grow((int)resized.SegmentCount);
            await CheckpointAsync().ConfigureAwait(false);
        }
        finally
        {
            End();
        }
    }

    private static Superblock Tuned(Superblock old, TuneOptions options)
    {
        CodecKind codec = options.Compression ?? old.Compression;
        Guid? shown = options.Uuid is not { } uuid ? old.ShownUuid : uuid == old.VolumeId ? null : uuid;
        int former = codec == old.Compression ? old.FormerCodecs : old.FormerCodecs | (1 << (int)old.Compression);
        return old with { Label = options.Label ?? old.Label, ShownUuid = shown, Compression = codec, FormerCodecs = (byte)former };
    }

    private Superblock Resized(Superblock old, long deviceBytes)
    {
        deviceBytes = deviceBytes / Superblock.SizeBytes * Superblock.SizeBytes;
        if (deviceBytes > device.LengthBytes)
        {
            throw new VolumeException(Errno.ENOSPC, $"{device.Name} has {device.LengthBytes} bytes, {deviceBytes} were asked for");
        }
        long segments = Superblock.SegmentsOn(deviceBytes, old.SegmentBytes);
        if (segments is < Limits.MinSegments or > Limits.MaxSegments)
        {
            throw new VolumeException(Errno.EINVAL, $"a volume with segments of {old.SegmentBytes >> 20} MiB has from {Limits.MinSegments} to {Limits.MaxSegments} of them; {deviceBytes} bytes are {segments}");
        }
        return old with { DeviceBytes = deviceBytes, SegmentCount = segments };
    }

    private async ValueTask ChangeAsync(Superblock changed)
    {
        changed = changed with { Sequence = changed.Sequence + 1 };
        int result = await SuperblockWriter.WriteAsync(device, changed, engine.Log.FlushDeviceAsync).ConfigureAwait(false);
        if (result != 0)
        {
            engine.StopWrites();
            throw new VolumeException(-result, $"the superblock of {device.Name} could not be written (errno {-result}); the volume takes no more changes until it is mounted anew");
        }
        engine.Superblock = changed;
    }

    private async ValueTask CheckpointAsync()
    {
        int result = await engine.Checkpointer.CheckpointAsync().ConfigureAwait(false);
        if (result != 0)
        {
            throw new VolumeException(-result, $"a checkpoint failed with errno {-result}");
        }
    }

    private void Begin()
    {
        if (engine.Log is null || !engine.IsWritable)
        {
            throw new VolumeException(Errno.EROFS, $"{device.Name} is read-only, or takes no more changes");
        }
        if (Interlocked.Exchange(ref _isBusy, 1) != 0)
        {
            throw new VolumeException(Errno.EBUSY, "the volume is being resized or tuned already");
        }
    }

    private void End() => Volatile.Write(ref _isBusy, 0);
}
