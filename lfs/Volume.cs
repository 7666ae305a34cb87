using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Checkpoint;
using Txlfs.Lfs.Data;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Namespace;
using Txlfs.Lfs.Shape;
using Txlfs.Lfs.Verify;

namespace Txlfs.Lfs;

/// <summary>
/// The one public door of lfs. Opened -> (operations) -> CloseAsync -> Dispose; or Opened -> Dispose, which is a crash: everything acknowledged is kept.
/// </summary>
public sealed partial class Volume : IDisposable
{
    private readonly VolumeEngine _engine;

    private Volume(VolumeEngine engine, RecoveryReport recovery)
    {
        _engine = engine;
        _namespace = new FileNamespace(engine);
        _data = new DataPath(engine, _namespace.Room);
        _shaper = new VolumeShaper(engine, engine.Device);
        Recovery = recovery;
    }

    /// <summary>Makes an empty volume. Throws <see cref="VolumeException"/>.</summary>
    public static ValueTask FormatAsync(IBlockDevice device, FormatOptions options, Seams seams) => VolumeFormatter.RunAsync(device, options, seams);

    /// <summary>Opens a volume and brings it to its last consistent state. Throws <see cref="VolumeException"/>.</summary>
    public static async ValueTask<Volume> OpenAsync(IBlockDevice device, VolumeOptions options, Seams seams)
    {
        if (device.IsReadOnly && !options.IsReadOnly)
        {
            throw new VolumeException(Errno.EROFS, $"{device.Name} is read-only; mount with -o ro");
        }
        Superblock superblock = await SuperblockReader.ReadAsync(device, seams).ConfigureAwait(false);
        RequireCodecs(superblock);
        if (!options.IsReadOnly)
        {
            await SuperblockWriter.LevelAsync(device, superblock, seams).ConfigureAwait(false);
        }
        var engine = new VolumeEngine(device, superblock, options, seams);
        try
        {
            RecoveryReport report = await new Recovery(engine, device, options, seams).RunAsync().ConfigureAwait(false);
            var volume = new Volume(engine, report);
            if (!options.IsReadOnly)
            {
                await volume.FinishRecoveryAsync().ConfigureAwait(false);
            }
            return volume;
        }
        catch (InvalidOperationException broken)
        {
            // The accounting asserts itself; on a volume whose digests are right and whose counts are not, that is damage, not a defect of ours.
            engine.Dispose();
            throw new VolumeException(Errno.EUCLEAN, $"{device.Name}: {broken.Message}: the volume needs fsck");
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    /// <summary>Repair: a volume around an engine that was recovered leniently.</summary>
    internal static Volume Adopt(VolumeEngine engine, RecoveryReport recovery) => new(engine, recovery);

    /// <summary>Repair: what every writable mount does once its log is there.</summary>
    internal async ValueTask FinishRecoveryAsync()
    {
        await _data.RecoverTrimsAsync().ConfigureAwait(false);
        await _namespace.Orphans.RecoverAsync().ConfigureAwait(false);
    }

    /// <summary>For tests and measurements.</summary>
    internal VolumeEngine Engine => _engine;

    public RecoveryReport Recovery { get; }

    /// <summary>What people know the volume by; frames and records carry an id of their own.</summary>
    public Guid Uuid => _engine.Superblock.Uuid;
    public string Label => _engine.Superblock.Label;
    public bool IsReadOnly => !_engine.IsWritable;

    /// <summary>Every codec that data may be stored with, not only the one that new data gets.</summary>
    internal static void RequireCodecs(Superblock superblock)
    {
        if (!Checksum.IsAvailable(superblock.ChecksumKind, out string reason))
        {
            throw new VolumeException(Errno.EINVAL, reason);
        }
        for (int codec = 0; codec < 8; codec++)
        {
            if (((superblock.FormerCodecs >> codec) & 1) != 0 || codec == (int)superblock.Compression)
            {
                if (!Codec.IsAvailable((CodecKind)codec, out reason))
                {
                    throw new VolumeException(Errno.EINVAL, reason);
                }
            }
        }
    }

    /// <summary>What operations have borrowed and not given back: nothing when none is under way. For tests.</summary>
    internal (int ScratchBuffers, long HeldData) InUse => (_engine.Scratch.RentedCount, _engine.Segments.HeldCount);

    /// <summary>The CSN of the newest commit.</summary>
    public ulong Csn => _engine.Csn;

    /// <summary>All that completed before the call is on stable storage when this completes with 0. -EIO: it may never be.</summary>
    public ValueTask<int> SyncAsync() => _engine.Log is null ? new ValueTask<int>(0) : _engine.Log.SyncAsync();

    public VolumeStatistics Statistics() => _engine.Statistics();

    /// <summary>Writes a checkpoint; 0 when it is durable.</summary>
    public ValueTask<int> CheckpointAsync() => _engine.Log is null ? new ValueTask<int>(0) : _engine.Checkpointer.CheckpointAsync();

    /// <summary>Ends the volume in order: background work, log, one last checkpoint that says "clean". No operation may be under way. 0 or -errno.</summary>
    public async ValueTask<int> CloseAsync()
    {
        if (_engine.Log is null)
        {
            return 0;
        }
        await _engine.DrainBackgroundAsync().ConfigureAwait(false);
        await _engine.PauseCleanerAsync().ConfigureAwait(false);
        int result = await _engine.Checkpointer.WaitForEndAsync().ConfigureAwait(false);
        int stopped = await _engine.Checkpointer.StopAsync().ConfigureAwait(false);
        result = result != 0 ? result : stopped;
        _engine.StopWrites();
        result = result != 0 ? result : await _engine.Log.CloseAsync().ConfigureAwait(false);
        return result != 0 ? result : await _engine.Checkpointer.WriteAsync(null, isClean: true).ConfigureAwait(false);
    }

    /// <summary>Checks everything that can be checked without reading file data; one line a violation. The volume must be quiet (nothing under way).</summary>
    public async ValueTask<IReadOnlyList<string>> VerifyAsync()
    {
        FindingList findings = await CheckAsync().ConfigureAwait(false);
        return [.. findings.Kept.Select(finding => finding.ToString())];
    }

    /// <summary>The same, with all that is known of each violation.</summary>
    public async ValueTask<FindingList> CheckAsync(ICheckProgress? progress = null)
    {
        await _engine.DrainBackgroundAsync().ConfigureAwait(false);
        await _engine.PauseCleanerAsync().ConfigureAwait(false);
        try
        {
            var findings = new FindingList();
            await new VolumeVerifier(_engine, findings, progress).RunAsync().ConfigureAwait(false);
            return findings;
        }
        finally
        {
            _engine.Cleaner?.Resume();
        }
    }

    /// <summary>
    /// Checks the volume beside whatever it does: the state of a checkpoint written for it, as it lies on the device. The progress is told often and may throw to
    /// end the check, as the token does. Throws <see cref="VolumeException"/> when it cannot be done: EAGAIN when the volume needed the space that it kept.
    /// </summary>
    public ValueTask<OnlineCheckReport> CheckOnlineAsync(bool checksData = false, ICheckProgress? progress = null, CancellationToken token = default)
        => new OnlineCheck(_engine, _engine.Device, token).RunAsync(checksData, progress ?? NoProgress.Instance);

    /// <summary>Frees the memory. Without <see cref="CloseAsync"/> before it a checkpoint may be under way that still uses it: then nothing may run on, as after a crash.</summary>
    public void Dispose() => _engine.Dispose();
}
