using Txlfs.Journal;
using Txlfs.Journal.Frames;
using Txlfs.Lfs.Data;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Engine;

// Space: what may still be written, when a checkpoint is due, and when the cleaner. Nobody but a checkpoint gives segments back.
internal sealed partial class VolumeEngine
{
    /// <summary>Segments kept for operations that free space, beyond what the next checkpoint needs.</summary>
    private const int DeleteReserveSegments = 1;

    /// <summary>Log that is read back in about a second, within these bounds: the trigger when the options name none.</summary>
    private const long MinCheckpointLogBytes = 16L << 20;
    private const long MaxCheckpointLogBytes = 256L << 20;

    /// <summary>Commits that are replayed in about a second by one small core.</summary>
    private const ulong MaxCheckpointCommits = 200_000;

    /// <summary>Dirty pages that even an idle volume has: a checkpoint would not make them fewer.</summary>
    private const int MinDirtyPages = 64;

    private long _storedPages;
    private long _checkpointSealedBytes;
    private ulong _checkpointCsn;

    /// <summary>Log between two checkpoints. From the options, or from what recovery has measured (contract 6).</summary>
    public long CheckpointLogBytes { get; private set; }

    public void SetReadSpeed(long bytesPerSecond)
        => CheckpointLogBytes = _options.CheckpointLogBytes > 0 ? _options.CheckpointLogBytes : Math.Clamp(bytesPerSecond, MinCheckpointLogBytes, MaxCheckpointLogBytes);

    /// <summary>Segments that a checkpoint of everything now dirty can fill: pages that do not compress, their map pages, a started segment.</summary>
    private int CheckpointNeedSegments()
    {
        long pages = Tree.DirtyPages + (Tree.DirtyPages / 8) + 16 + (Segments.Count / Txlfs.Lfs.Segments.SegmentImage.EntriesPerChunk);
        return 1 + (int)(((pages * (Limits.PageBytes + 64)) + Segments.SegmentBytes - 1) / Segments.SegmentBytes);
    }

    private void UpdateIndexReserve() => Segments.IndexReserve = CheckpointNeedSegments();

    /// <summary>Room on the device now: segments beyond what the next checkpoint and the cold head need, and for users what deletes need too.</summary>
    private bool HasFreeSegments(bool mayUseReserve)
        => Segments.FreeCount > CheckpointNeedSegments() + (mayUseReserve ? -1 : Segments.ColdShortage + DeleteReserveSegments);

    /// <summary>More than one commit may add: so long before the end nobody needs to count.</summary>
    private const long NearlyFullBytes = (1L << 20) + (2 * Limits.MaxCommitBytes);

    private bool IsNearlyFull => UsedBytes() > Budget.UsableBytes - NearlyFullBytes;

    /// <summary>May this much data be placed? On a full volume only where it replaces some: what it comes to in the end is the commit's to judge.</summary>
    private bool MayPlace(int storedBytes, in ExtentTag tag)
        => HasFreeSegments(mayUseReserve: false) && (UsedBytes() + storedBytes <= Budget.UsableBytes || IsOverwrite(tag));

    private bool IsOverwrite(in ExtentTag tag)
    {
        var context = new ReadContext(Tree);
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        long end = ExtentRecord.RoundUp(tag.FileOffsetBytes + tag.RawLengthBytes);
        return ExtentLookup.Covering(ref context, tag.Inode, tag.FileOffsetBytes, end, ChecksumKind, buffer, out _) is 0 or Op.Miss;
    }

    /// <summary>
    /// Whether the batch fits what the volume may hold: 0, -ENOSPC, <see cref="Op.Miss"/>. On a nearly full volume by what each record replaces, so that
    /// overwriting goes on where writing has ended.
    /// </summary>
    private int CheckGrowth(out PageReference missing)
    {
        missing = default;
        if (!IsNearlyFull)
        {
            return 0;
        }
        Span<byte> old = stackalloc byte[Limits.MaxValueBytes];
        long data = 0, records = 0;
        bool hasData = false;
        foreach (ref readonly Mutation mutation in _batch.Mutations)
        {
            int status = Tree.TryGet(mutation.Key, old, out int oldBytes, out missing);
            if (status is not 0 and not -Errno.ENOENT)
            {
                return status;
            }
            oldBytes = status == 0 ? oldBytes : 0;
            bool isExtent = mutation.Key.Kind == RecordKind.Extent;
            hasData |= isExtent;
            data -= isExtent ? ExtentRecord.LiveBytes(old[..oldBytes]) : 0;
            records -= oldBytes == 0 ? 0 : oldBytes + Key.SizeBytes;
            if (!mutation.IsDelete)
            {
                data += isExtent ? ExtentRecord.LiveBytes(_batch.Value(mutation)) : 0;
                records += mutation.ValueLength + Key.SizeBytes;
            }
        }
        long limit = hasData && data <= 0 ? Budget.OverwriteBytes : Budget.UsableBytes;
        return data + records <= 0 || UsedBytes() + data + records <= limit ? 0 : -Errno.ENOSPC;
    }

    /// <summary>
    /// Bytes that the volume holds: live ones, wherever they lie, and pages that the next checkpoint will write for the first time, taken as not
    /// compressible until it has.
    /// </summary>
    private long UsedBytes() => Segments.UsedBytes + (NewPages * Limits.PageBytes);

    private long NewPages => Math.Max(0, Tree.PageCount - Volatile.Read(ref _storedPages));

    /// <summary>Somebody who waits for room can have some.</summary>
    public bool HasRoomForSomebody => HasFreeSegments(mayUseReserve: false);

    /// <summary>Below this many free segments the cleaner works; it stops a little above.</summary>
    private int FreeGoal => CheckpointNeedSegments() + Segments.ColdShortage + DeleteReserveSegments + 1 + Math.Max(2, Segments.Count / 32);

    private bool WantsCleaning => Segments.FreeCount < FreeGoal;
    public bool WantsMoreCleaning => Segments.FreeCount < FreeGoal + Math.Max(1, Segments.Count / 64);

    /// <summary>What users may still fill before they have to wait for room.</summary>
    public int SegmentsInHand => Segments.FreeCount - CheckpointNeedSegments() - Segments.ColdShortage - DeleteReserveSegments;

    public int PayloadBytes => Budget.PayloadBytes;

    /// <summary>A segment that gives back less is not worth it: while nobody waits an eighth, else anything that is more than packing may lose.</summary>
    public long MinGainBytes(bool isUrgent)
    {
        long packingLoss = Segments.SegmentBytes - Budget.PayloadBytes;
        return isUrgent ? packingLoss + (Segments.SegmentBytes / 64) : packingLoss + (Segments.SegmentBytes / 8);
    }

    private SpaceFacts FactsFor(bool mayUseReserve) => new(
        IsFull: !mayUseReserve && HasFreeSegments(mayUseReserve: false),
        MayShrink: NewPages > 0,
        HasBackgroundWork: _background.IsRunning,
        HasOvercounted: Segments.HasOvercounted(Budget.OvercountedBytes),
        HasReclaimable: Segments.CountReclaimable() > 0);

    /// <summary>Does what an operation that found no room needs next. 0: try again; -ENOSPC: the volume is full; -EROFS.</summary>
    private async ValueTask<int> ResolveSpaceAsync(SpaceStep step, bool isCleaner)
    {
        switch (step)
        {
            case SpaceStep.Retry:
                return 0;
            case SpaceStep.Drain:
                return await _background.DrainAsync().ConfigureAwait(false);
            case SpaceStep.Checkpoint:
                return await Checkpointer.CheckpointAsync().ConfigureAwait(false) == 0 ? 0 : -Errno.EROFS;
            case SpaceStep.Clean or SpaceStep.CleanShared when !isCleaner && Cleaner is not null:
                // What it says in the end is seen by trying again: somebody else may have freed something.
                await Cleaner.MakeRoomAsync(ofShared: step == SpaceStep.CleanShared).ConfigureAwait(false);
                return 0;
            case SpaceStep.Clean when isCleaner && Tree.DirtyPages > MinDirtyPages:
                // Fewer dirty pages need less room kept for them.
                return await Checkpointer.CheckpointAsync().ConfigureAwait(false) == 0 ? 0 : -Errno.EROFS;
            default:
                // What is only kept for a check is given up before a write is refused.
                return Segments.TryGiveUpKept() ? 0 : -Errno.ENOSPC;
        }
    }

    /// <summary>One attempt of the cleaner to have an index page written elsewhere; see <see cref="IndexTree.Relocate"/>. -ENOSPC: the next checkpoint would not fit.</summary>
    public int TryRelocatePage(int space, ulong pageId, ulong addressBytes, out PageReference missing)
    {
        lock (_writer)
        {
            missing = default;
            if (!IsWritable)
            {
                return -Errno.EROFS;
            }
            if (Segments.FreeCount + 1 < CheckpointNeedSegments())
            {
                return Tree.DirtyPages > MinDirtyPages ? IndexTree.NoCleanFrame : -Errno.ENOSPC;
            }
            if (Tree.DirtyPages > Tree.Capacity * 4 / 10)
            {
                return IndexTree.NoCleanFrame;
            }
            int status = Tree.Relocate(space, pageId, addressBytes, out missing);
            UpdateIndexReserve();
            return status;
        }
    }

    public ValueTask<int> PauseCleanerAsync() => Cleaner?.PauseAsync() ?? new ValueTask<int>(0);

    /// <summary>The checkpoint is durable that was cut when the tree had so many pages.</summary>
    public void SetStoredPages(long pages) => Volatile.Write(ref _storedPages, pages);

    private bool WantsCheckpoint()
        => Tree.DirtyPages > Tree.Capacity * 4 / 10
            || Log.SealedBytes - Volatile.Read(ref _checkpointSealedBytes) > CheckpointLogBytes
            || _csn - _checkpointCsn > MaxCheckpointCommits
            || (Segments.FreeCount <= 2 * CheckpointNeedSegments() + 2 && Log.SealedBytes - Volatile.Read(ref _checkpointSealedBytes) >= Segments.SegmentBytes);

    public VolumeStatistics Statistics()
    {
        long available = Math.Max(0, Budget.UsableBytes - UsedBytes());
        ulong freeInodes = (ulong)(available / 512);
        return new VolumeStatistics((long)Segments.Count * Segments.SegmentBytes, available, available, (ulong)InodeCount, freeInodes);
    }

    /// <summary>Freezes the state that a checkpoint will write: index, segments, counters and the log's position, all at one commit border.</summary>
    public CheckpointCut Cut(ulong number)
    {
        lock (_writer)
        {
            Tree.BeginCheckpoint(number);
            Txlfs.Lfs.Segments.SegmentImage image = Segments.BeginCheckpoint();
            _checkpointCsn = _csn;
            var position = Log?.Cut() ?? default;
            if (Log is not null)
            {
                Volatile.Write(ref _checkpointSealedBytes, Log.SealedBytes);
            }
            return new CheckpointCut(image, _csn, _nextInode, (ulong)_inodeCount, position.SegmentAddressBytes, position.OffsetBytes, position.NextSequence, position.SuccessorAddressBytes, Tree.PageCount);
        }
    }
}

/// <summary>What a checkpoint holds besides the index.</summary>
internal sealed record CheckpointCut(Segments.SegmentImage Segments, ulong Csn, ulong NextInode, ulong InodeCount, long LogSegmentBytes, int LogOffsetBytes, ulong NextSequence, long SuccessorBytes, long Pages);
