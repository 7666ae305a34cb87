using Txlfs.Journal.Frames;

namespace Txlfs.Lfs.Segments;

/// <summary>What a victim policy may know of a segment. Age: how many foreground frames ago its youngest data was written.</summary>
internal readonly record struct SegmentFacts(int Index, long LiveBytes, ulong Age);

// What the cleaner asks of the table: candidates, the cold head's segments, and how much of the volume is in use.
internal sealed partial class SegmentTable
{
    private ulong[] _stamp = new ulong[superblock.SegmentCount];

    /// <summary>
    /// The cold head's segments. Recovery does not follow its chain, so it may fill a segment only after a checkpoint has recorded that segment as a
    /// head's (invariant G2): taken -> in a checkpoint's image -> ready.
    /// </summary>
    private readonly Queue<int> _coldTaken = new();
    private readonly Queue<int> _coldInImage = new();
    private readonly Queue<int> _coldReady = new();
    private ulong _clock;
    private long _usedBytes;
    private long _releases;

    /// <summary>Segments that the cold head should own, empty. Set by the engine once the volume takes changes.</summary>
    public int ColdReserve { get; set; }

    public int ColdReadyCount
    {
        get
        {
            lock (_lock)
            {
                return _coldReady.Count;
            }
        }
    }

    /// <summary>Segments that the cold head owns and has not begun to fill.</summary>
    public int ColdOwnedCount
    {
        get
        {
            lock (_lock)
            {
                return _coldTaken.Count + _coldInImage.Count + _coldReady.Count;
            }
        }
    }

    /// <summary>Segments that hold something, each counted with its live bytes but never with more than it has: shared bytes are there once.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>Segments that checkpoints have given back since the mount.</summary>
    public long Releases => Volatile.Read(ref _releases);

    /// <summary>Free segments that are spoken for by the cold head.</summary>
    public int ColdShortage => Math.Max(0, ColdReserve - _coldTaken.Count - _coldInImage.Count - _coldReady.Count);

    /// <summary>The cold head's next segment; false until a checkpoint has made one ready.</summary>
    public bool TryTakeCold(out long addressBytes)
    {
        lock (_lock)
        {
            bool isReady = _coldReady.TryDequeue(out int index);
            addressBytes = isReady ? superblock.SegmentAddress(index) : 0;
            return isReady;
        }
    }

    /// <summary>Gives the cold head what it lacks, as far as checkpoints leave anything. Called when segments have become free, or the reserve was set.</summary>
    public void TopUpCold()
    {
        lock (_lock)
        {
            TopUpColdLocked();
        }
    }

    private void TopUpColdLocked()
    {
        while (ColdShortage > 0 && _freeCount > IndexReserve)
        {
            _coldTaken.Enqueue(TakeLocked(inImage: false));
        }
    }

    private void BeginColdLocked()
    {
        TopUpColdLocked();
        while (_coldTaken.TryDequeue(out int index))
        {
            _image.State[index] = SegmentState.Head;
            _image.IsDirty[index / SegmentImage.EntriesPerChunk] = true;
            _coldInImage.Enqueue(index);
        }
    }

    private void EndColdLocked()
    {
        while (_coldInImage.TryDequeue(out int index))
        {
            _coldReady.Enqueue(index);
        }
    }

    /// <summary>The index head counts frames of its own: what it leaves is as old as the newest foreground segment.</summary>
    private void SetStampLocked(LogHead head, int index, ulong lastSequence)
    {
        _stamp[index] = head == LogHead.Index ? _clock : lastSequence;
        _clock = head == LogHead.Foreground ? Math.Max(_clock, lastSequence) : _clock;
    }

    /// <summary>When a segment's youngest data was written, in foreground frames.</summary>
    public ulong StampOf(int index)
    {
        lock (_lock)
        {
            return _stamp[index];
        }
    }

    /// <summary>Segments that were left, have live bytes, wait for no commit, and would give back at least <paramref name="minGainBytes"/>.</summary>
    public void CollectCandidates(List<SegmentFacts> candidates, long minGainBytes, HashSet<int> excluded)
    {
        const int stretch = 4096;
        candidates.Clear();
        for (int from = 0; from < Count; from += stretch)
        {
            lock (_lock)
            {
                for (int i = from; i < Math.Min(Count, from + stretch); i++)
                {
                    bool holdsSomething = _live[i] > 0 || _pins[i] > 0;
                    if (_state[i] == SegmentState.Used && holdsSomething && _held[i] == 0 && SegmentBytes - _live[i] >= minGainBytes && !excluded.Contains(i))
                    {
                        candidates.Add(new SegmentFacts(i, _live[i], _clock > _stamp[i] ? _clock - _stamp[i] : 0));
                    }
                }
            }
        }
    }

    /// <summary>Segments with more live bytes than fit: some are shared, and others may be dead though the count can't tell.</summary>
    public void CollectOvercounted(List<SegmentFacts> candidates, long overcountedBytes, HashSet<int> excluded)
    {
        lock (_lock)
        {
            for (int i = 0; i < Count; i++)
            {
                if (_state[i] == SegmentState.Used && _held[i] == 0 && _live[i] > overcountedBytes && !excluded.Contains(i))
                {
                    candidates.Add(new SegmentFacts(i, _live[i], _clock > _stamp[i] ? _clock - _stamp[i] : 0));
                }
            }
        }
    }

    public bool HasOvercounted(long overcountedBytes)
    {
        lock (_lock)
        {
            return _live.AsSpan().ContainsAnyInRange(overcountedBytes + 1, long.MaxValue);
        }
    }

    /// <summary>Has the next checkpoint write this chunk anew, so that its old place is no longer pinned.</summary>
    public void TouchChunk(int chunk)
    {
        lock (_lock)
        {
            _dirty[chunk] = true;
        }
    }
}
