using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Checkpoint;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Verify;

/// <summary>
/// Checks a volume while it works: writes a checkpoint, keeps the segments that it needs (invariant S5), and looks at that state on the device through a reader of
/// its own, with a small cache of its own. So what is checked is one moment, and is what the next mount would begin with; the daemon's memory takes no part.
/// </summary>
internal sealed class OnlineCheck(VolumeEngine engine, IBlockDevice device)
{
    /// <summary>Of the check's own reader: the least that a volume works in.</summary>
    public const long MemoryBytes = MemoryShares.MinBytes;

    public async ValueTask<FindingList> RunAsync(ICheckProgress progress)
    {
        if (!engine.Segments.TryBeginKeep())
        {
            throw new VolumeException(Errno.EBUSY, "a check of this volume is under way already");
        }
        try
        {
            var findings = new FindingList();
            await CheckAsync(findings, new KeptProgress(engine.Segments, progress)).ConfigureAwait(false);
            RequireKept(engine.Segments);
            return findings;
        }
        finally
        {
            engine.Segments.EndKeep();
        }
    }

    private async ValueTask CheckAsync(FindingList findings, ICheckProgress progress)
    {
        // Without a log (a read-only mount) nothing changes, and the newest checkpoint is what there is.
        int result = engine.Log is null ? 0 : await engine.Checkpointer.CheckpointAsync().ConfigureAwait(false);
        if (result != 0)
        {
            throw new VolumeException(-result, $"no checkpoint can be written (errno {-result}), so there is no state to check");
        }
        var elsewhere = new ElsewhereDevice(device, engine.Seams.Executor);
        using var reader = new VolumeEngine(elsewhere, engine.Superblock, new VolumeOptions { IsReadOnly = true, MemoryBytes = MemoryBytes }, engine.Seams);
        await new Recovery(reader, elsewhere, new VolumeOptions { IsReadOnly = true }, engine.Seams).LoadNewestAsync().ConfigureAwait(false);
        if (!engine.Segments.TryKeep(NeededBy(reader)))
        {
            return;
        }
        await new VolumeVerifier(reader, findings, progress).RunAsync().ConfigureAwait(false);
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

    private static void RequireKept(SegmentTable segments)
    {
        if (segments.Keep == KeepState.GivenUp)
        {
            throw new VolumeException(Errno.EAGAIN, "the check was given up, because the volume is nearly full and needed the space that the check kept");
        }
    }

    /// <summary>Ends a check early whose segments are gone: what it reads from then on means nothing.</summary>
    private sealed class KeptProgress(SegmentTable segments, ICheckProgress progress) : ICheckProgress
    {
        public void Begin(CheckPass pass, long total)
        {
            RequireKept(segments);
            progress.Begin(pass, total);
        }

        public void Advance(long units)
        {
            RequireKept(segments);
            progress.Advance(units);
        }
    }
}
