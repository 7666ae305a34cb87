using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Checkpoint;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Verify;

/// <summary>
/// A volume recovered in memory, without trust in its segment table, and writable only when that has been set right: opening a damaged volume writes nothing.
/// Recovered -> Verified -> (MakeWritable -> repairs -> Close), each once.
/// </summary>
internal sealed class CheckSession : IDisposable
{
    private readonly VolumeEngine _engine;
    private readonly Recovery _recovery;

    private CheckSession(VolumeEngine engine, Recovery recovery, Volume volume, RecoveryReport report)
        => (_engine, _recovery, Volume, Report) = (engine, recovery, volume, report);

    public Volume Volume { get; }
    public VolumeEngine Engine => _engine;
    public RecoveryReport Report { get; }
    public VolumeVerifier Verifier { get; private set; } = null!;

    /// <summary>Throws <see cref="VolumeException"/> when there is nothing that could be recovered.</summary>
    public static async ValueTask<CheckSession> OpenAsync(IBlockDevice device, Superblock superblock, long memoryBytes, Seams seams)
    {
        var options = new VolumeOptions { MemoryBytes = memoryBytes, IsReadOnly = true, CheckpointIntervalMs = int.MaxValue };
        var engine = new VolumeEngine(device, superblock, options, seams);
        try
        {
            engine.Segments.IsRecounting = true;
            var recovery = new Recovery(engine, device, options, seams) { ToleratesLostTable = true };
            RecoveryReport report = await recovery.RunAsync().ConfigureAwait(false);
            return new CheckSession(engine, recovery, Volume.Adopt(engine, report), report);
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    public async ValueTask VerifyAsync(FindingList findings, ICheckProgress progress)
    {
        if (_recovery.HasLostTable)
        {
            findings.Add(new Finding(FindingKind.SegmentTable, FindingSeverity.Error, Remedy.Certain, "the segment table cannot be read"));
        }
        if (Report.BrokenPromise != 0)
        {
            findings.Add(new Finding(FindingKind.BrokenPromise, FindingSeverity.Loss, Remedy.Certain,
                $"the device lost log frame {Report.BrokenPromise}, which it had acknowledged as flushed; the volume is in an earlier, consistent state"));
        }
        Verifier = new VolumeVerifier(_engine, findings, progress) { IsTableLost = _recovery.HasLostTable };
        await Verifier.RunAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Segments, counters and sums as the records have them; then a checkpoint, which is the first thing written. A crash before its record is durable
    /// leaves the volume as it was: everything went to segments in which no record lies. The counts stay lenient, because records that are yet to be dropped may point
    /// anywhere; the round after this one compares them.
    /// </summary>
    public async ValueTask MakeWritableAsync()
    {
        ReadOnlySpan<long> live = Verifier.LiveBySegment;
        for (int i = 0; i < live.Length; i++)
        {
            bool mayFree = _recovery.HasLostTable && !_recovery.LogSegments.Contains(_engine.Superblock.SegmentAddress(i));
            _engine.Segments.Correct(i, live[i], mayFree);
        }
        _engine.Tree.CorrectRecords(Verifier.Records);
        _engine.CorrectCounters(Verifier.NewestBirth, Verifier.LastInode + 1, (long)Verifier.Inodes);
        await _recovery.BeginAsync().ConfigureAwait(false);
    }

    public async ValueTask CloseAsync()
    {
        int result = await Volume.CloseAsync().ConfigureAwait(false);
        if (result != 0)
        {
            throw new VolumeException(-result, $"the repaired volume cannot be closed: errno {-result}");
        }
    }

    public void Dispose() => Volume.Dispose();
}
