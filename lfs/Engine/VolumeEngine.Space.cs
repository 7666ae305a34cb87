namespace Txlfs.Lfs.Engine;

// Space: what may still be written, and when a checkpoint is due. Nobody but a checkpoint gives segments back (until the cleaner comes).
internal sealed partial class VolumeEngine
{
    /// <summary>Segments kept for operations that free space, beyond what the next checkpoint needs.</summary>
    private const int DeleteReserveSegments = 1;

    /// <summary>Log that is read back in about a second, within these bounds: the trigger when the options name none.</summary>
    private const long MinCheckpointLogBytes = 16L << 20;
    private const long MaxCheckpointLogBytes = 256L << 20;

    /// <summary>Commits that are replayed in about a second by one small core.</summary>
    private const ulong MaxCheckpointCommits = 200_000;

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

    private bool HasRoom(bool mayUseReserve)
        => Segments.FreeCount > CheckpointNeedSegments() + (mayUseReserve ? -1 : DeleteReserveSegments);

    /// <summary>Checkpoints that one operation asks for before it believes that the volume is full: others may take what the first ones give back.</summary>
    private const int MaxSpaceCheckpoints = 4;

    /// <summary>What an operation that found no room does next, and what it has done so far.</summary>
    private struct SpaceSearch
    {
        private int _checkpoints;
        private bool _hasLookedAgain;

        /// <summary>
        /// False: the volume is full. True and <paramref name="needsCheckpoint"/>: after a checkpoint there may be room. True without: look again at once,
        /// because a checkpoint that ended since the failed attempt has turned reclaimable segments into free ones, so none may be left to count.
        /// </summary>
        public bool TryNext(int reclaimableSegments, out bool needsCheckpoint)
        {
            needsCheckpoint = reclaimableSegments > 0;
            if (needsCheckpoint)
            {
                _hasLookedAgain = false;
                return _checkpoints++ < MaxSpaceCheckpoints;
            }
            bool mayLook = !_hasLookedAgain;
            _hasLookedAgain = true;
            return mayLook;
        }
    }

    /// <summary>False: the volume is full, also when whatever is only kept for a check is given up.</summary>
    private bool MaySearch(ref SpaceSearch search, out bool needsCheckpoint)
    {
        if (search.TryNext(Segments.CountReclaimable(), out needsCheckpoint))
        {
            return true;
        }
        if (!Segments.TryGiveUpKept())
        {
            return false;
        }
        search = default;
        return search.TryNext(Segments.CountReclaimable(), out needsCheckpoint);
    }

    private bool WantsCheckpoint()
        => Tree.DirtyPages > Tree.Capacity * 4 / 10
            || Log.SealedBytes - Volatile.Read(ref _checkpointSealedBytes) > CheckpointLogBytes
            || _csn - _checkpointCsn > MaxCheckpointCommits
            || (Segments.FreeCount <= 2 * CheckpointNeedSegments() + 2 && Log.SealedBytes - Volatile.Read(ref _checkpointSealedBytes) >= Segments.SegmentBytes);

    public VolumeStatistics Statistics()
    {
        long total = (long)Segments.Count * Segments.SegmentBytes;
        int reserve = CheckpointNeedSegments() + DeleteReserveSegments + 1;
        long available = Math.Max(0, Segments.FreeCount + Segments.CountReclaimable(withKept: true) - reserve) * (long)Segments.SegmentBytes;
        ulong freeInodes = (ulong)(available / 512);
        return new VolumeStatistics(total, available, available, (ulong)InodeCount, freeInodes);
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
            return new CheckpointCut(image, _csn, _nextInode, (ulong)_inodeCount, position.SegmentAddressBytes, position.OffsetBytes, position.NextSequence, position.SuccessorAddressBytes);
        }
    }
}

/// <summary>What a checkpoint holds besides the index.</summary>
internal sealed record CheckpointCut(Segments.SegmentImage Segments, ulong Csn, ulong NextInode, ulong InodeCount, long LogSegmentBytes, int LogOffsetBytes, ulong NextSequence, long SuccessorBytes);
