using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Checkpoint;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Verify;

/// <param name="Csn">The newest commit in what was checked.</param>
public sealed record OnlineCheckReport(FindingList Findings, ulong Csn, long DataBytesRead);

/// <summary>
/// Checks a volume while it works: writes a checkpoint, keeps the segments that it needs (invariant S5), and looks at that state on the device through a reader of
/// its own, with a small cache of its own. So what is checked is one moment, and is what the next mount would begin with; the daemon's memory takes no part.
/// </summary>
internal sealed class OnlineCheck(VolumeEngine engine, IBlockDevice device, CancellationToken cancelled)
{
    /// <summary>Of the check's own reader: the least that a volume works in.</summary>
    public const long MemoryBytes = MemoryShares.MinBytes;

    private ulong _csn;
    private long _dataBytesRead;

    public async ValueTask<OnlineCheckReport> RunAsync(bool checksData, ICheckProgress progress)
    {
        if (!engine.Segments.TryBeginKeep())
        {
            throw new VolumeException(Errno.EBUSY, "a check of this volume is under way already");
        }
        try
        {
            var findings = new FindingList(VerifyBounds.Online.Steps);
            await CheckAsync(findings, checksData, new EndingProgress(RequireGoing, progress)).ConfigureAwait(false);
            RequireGoing();
            return new OnlineCheckReport(findings, _csn, _dataBytesRead);
        }
        finally
        {
            engine.Segments.EndKeep();
        }
    }

    private async ValueTask CheckAsync(FindingList findings, bool checksData, ICheckProgress progress)
    {
        // Without a log (a read-only mount) nothing changes, and the newest checkpoint is what there is.
        int result = engine.Log is null ? 0 : await engine.Checkpointer.CheckpointAsync().ConfigureAwait(false);
        if (result != 0)
        {
            throw new VolumeException(-result, $"no checkpoint can be written (errno {-result}), so there is no state to check");
        }
        var elsewhere = new ElsewhereDevice(device, engine.Seams.Executor, () => HasEnded);
        var reader = new VolumeEngine(elsewhere, engine.Superblock, new VolumeOptions { IsReadOnly = true, MemoryBytes = MemoryBytes }, engine.Seams);
        using Volume view = Volume.Adopt(reader, new RecoveryReport(true, 0, 0, 0, 0, 0, 0));
        if (!await TryLoadAsync(reader, elsewhere, findings).ConfigureAwait(false))
        {
            return;
        }
        _csn = reader.Csn;
        if (!engine.Segments.TryKeep(NeededBy(reader)))
        {
            return;
        }
        var verifier = new VolumeVerifier(reader, findings, progress, VerifyBounds.Online);
        await verifier.RunAsync().ConfigureAwait(false);
        if (verifier.IsIndexSound && checksData)
        {
            var data = new DataCheck(view, reader, findings, progress);
            await data.RunAsync().ConfigureAwait(false);
            _dataBytesRead = data.BytesRead;
        }
        if (verifier.IsIndexSound)
        {
            await FindingPaths.AddAsync(reader, findings).ConfigureAwait(false);
        }
    }

    /// <summary>False, and a finding: the next mount would not get beyond this either.</summary>
    private static async ValueTask<bool> TryLoadAsync(VolumeEngine reader, IBlockDevice elsewhere, FindingList findings)
    {
        try
        {
            await new Recovery(reader, elsewhere, new VolumeOptions { IsReadOnly = true }, reader.Seams).LoadNewestAsync().ConfigureAwait(false);
            return true;
        }
        catch (VolumeException damaged) when (damaged.Errno is Errno.EUCLEAN or Errno.EIO)
        {
            findings.Add(new Finding(FindingKind.SegmentTable, FindingSeverity.Loss, Remedy.Rebuild, damaged.Message));
            return false;
        }
    }

    /// <summary>Whatever the checkpoint does not call free may hold something that it names.</summary>
    private static bool[] NeededBy(VolumeEngine reader)
    {
        var needed = new bool[reader.Segments.Count];
        for (int i = 0; i < needed.Length; i++)
        {
            needed[i] = reader.Segments[i].State != SegmentState.Free;
        }
        return needed;
    }

    /// <summary>What would be read from here on means nothing, or nobody wants to know it.</summary>
    private bool HasEnded => cancelled.IsCancellationRequested || engine.Segments.Keep == KeepState.GivenUp;

    private void RequireGoing()
    {
        cancelled.ThrowIfCancellationRequested();
        if (engine.Segments.Keep == KeepState.GivenUp)
        {
            throw new VolumeException(Errno.EAGAIN, "the check was given up, because the volume is nearly full and needed the space that the check kept");
        }
    }

    /// <summary>Ends a check between two pages. In passes that tell no progress the reader's device refuses what is still asked of it, which ends them soon.</summary>
    private sealed class EndingProgress(Action requireGoing, ICheckProgress progress) : ICheckProgress
    {
        public void Begin(CheckPass pass, long total)
        {
            requireGoing();
            progress.Begin(pass, total);
        }

        public void Advance(long units)
        {
            requireGoing();
            progress.Advance(units);
        }
    }
}
