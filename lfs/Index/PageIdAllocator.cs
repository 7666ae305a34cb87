namespace Txlfs.Lfs.Index;

/// <summary>
/// Page ids: fresh ones, and a stack of free ones. The stack's lower part is also on disk, as a list through the map entries (entry of an
/// element = free, next = the element below); <c>_low</c> is how much of what memory holds is chained like that, so that a checkpoint
/// writes only the entries above it. What does not fit in memory is cut off at the bottom and read back when a checkpoint finds the stack
/// short. The writer takes and gives; the checkpoint snapshots and refills: hence the lock, which is held for a few instructions.
/// </summary>
internal sealed class PageIdAllocator
{
    private readonly Lock _lock = new();
    private readonly ulong[] _ids;
    private readonly ulong[] _chained;
    private int _count;
    private int _low;
    private int _chainedCount;
    private ulong _chainedBottom;
    private ulong _below;

    public PageIdAllocator(int capacityPages, ulong nextPageId, ulong freeHead, ulong freeCount)
    {
        _ids = new ulong[Math.Max(8 * Limits.MaxCommitMutations, 2 * capacityPages)];
        _chained = new ulong[_ids.Length];
        NextPageId = nextPageId;
        _below = freeHead;
        FreeCount = freeCount;
    }

    public ulong NextPageId { get; private set; }
    public ulong FreeCount { get; private set; }

    /// <summary>How many ids in memory are wanted after a checkpoint.</summary>
    public int Target => _ids.Length / 4;

    /// <summary>The first free id that is on disk only; 0 when there is none.</summary>
    public ulong Below
    {
        get
        {
            lock (_lock)
            {
                return _below;
            }
        }
    }

    public int InMemory
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    public bool HasRoomFor(int frees)
    {
        lock (_lock)
        {
            return _count + frees <= _ids.Length;
        }
    }

    public bool IsFreeInMemory(ulong pageId)
    {
        lock (_lock)
        {
            return _ids.AsSpan(0, _count).Contains(pageId);
        }
    }

    public ulong Take()
    {
        lock (_lock)
        {
            if (_count == 0)
            {
                return NextPageId++;
            }
            FreeCount--;
            ulong id = _ids[--_count];
            _low = Math.Min(_low, _count);
            return id;
        }
    }

    public void Give(ulong pageId)
    {
        lock (_lock)
        {
            _ids[_count++] = pageId;
            FreeCount++;
        }
    }

    /// <summary>Notes which entries the checkpoint must chain, and the list's head as of now.</summary>
    public void BeginCheckpoint(ref IndexRoot root)
    {
        lock (_lock)
        {
            root.NextPageId = NextPageId;
            root.FreeCount = FreeCount;
            root.FreeHead = _count > 0 ? _ids[_count - 1] : _below;
            _chainedBottom = _low > 0 ? _ids[_low - 1] : _below;
            _chainedCount = _count - _low;
            _ids.AsSpan(_low, _chainedCount).CopyTo(_chained);
            _low = _count;
        }
    }

    /// <summary>The ids whose entries the running checkpoint writes.</summary>
    public int ChainedCount => _chainedCount;
    public ulong ChainedId(int index) => _chained[index];
    public ulong ChainedNext(int index) => index == 0 ? _chainedBottom : _chained[index - 1];

    /// <summary>An id read back from the list; it goes below all others.</summary>
    public void RefillOne(ulong pageId, ulong next)
    {
        lock (_lock)
        {
            if (_count == _ids.Length || _below != pageId)
            {
                return;
            }
            Array.Copy(_ids, 0, _ids, 1, _count);
            _ids[0] = pageId;
            _count++;
            _low++;
            _below = next;
        }
    }

    /// <summary>Once the checkpoint is durable: what the list on disk holds need not be in memory too.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            int cut = Math.Min(_low, _count - 2 * Target);
            if (cut <= 0)
            {
                return;
            }
            _below = _ids[cut - 1];
            _count -= cut;
            _low -= cut;
            Array.Copy(_ids, cut, _ids, 0, _count);
        }
    }

    /// <summary>For the verifier: the ids in memory, topmost last.</summary>
    public ulong[] Snapshot()
    {
        lock (_lock)
        {
            return _ids.AsSpan(0, _count).ToArray();
        }
    }
}
