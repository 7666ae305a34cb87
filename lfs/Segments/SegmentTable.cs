using Txlfs.Journal.Frames;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Segments;

/// <summary>On disk; never renumbered.</summary>
internal enum SegmentState : byte
{
    /// <summary>Nothing in it is needed by the newest durable checkpoint or by the log after it.</summary>
    Free = 0,

    /// <summary>A head fills it, or it is a head's named successor.</summary>
    Head = 1,

    /// <summary>Left by its head. Free again after a checkpoint whose cut found no live bytes in it (invariant S2).</summary>
    Used = 2,
}

/// <summary>
/// Which segments are free and how many bytes of each are live: exact, because every record's share is added when the record comes and
/// subtracted when it goes (invariant D: ExtentRecord.LiveBytes). Two versions: the current one, and the image that a running checkpoint
/// writes (as of its cut, plus what the checkpoint itself moves).
/// Free -> Head (TryTake, Enter) -> Used (Left) -> Free (Release).
/// </summary>
internal sealed partial class SegmentTable(Superblock superblock) : ISegmentSource
{
    private readonly Lock _lock = new();
    private long[] _live = new long[superblock.SegmentCount];
    private SegmentState[] _state = new SegmentState[superblock.SegmentCount];
    private ulong[] _lastSequence = new ulong[superblock.SegmentCount];
    private int[] _held = new int[superblock.SegmentCount];
    private int[] _pins = new int[superblock.SegmentCount];
    private SegmentImage _image = new((int)superblock.SegmentCount);
    private bool[] _dirty = new bool[SegmentImage.ChunksFor((int)superblock.SegmentCount)];

    /// <summary>While the log is replayed: segments that a record still to come may name bytes in.</summary>
    private bool[] _mayBeNamed = new bool[superblock.SegmentCount];
    private bool _isRecovering;
    private bool _hasImage;
    private string? _damage;
    private int _cursor;
    private int _freeCount;

    public int Count => _live.Length;
    public int FreeCount => Volatile.Read(ref _freeCount);
    public int SegmentBytes => superblock.SegmentBytes;

    /// <summary>Segments that the foreground head must leave for checkpoints. Set by the engine as dirty pages come and go.</summary>
    public int IndexReserve { get; set; } = 2;

    public long TotalLiveBytes
    {
        get
        {
            lock (_lock)
            {
                long sum = 0;
                foreach (long live in _live)
                {
                    sum += live;
                }
                return sum;
            }
        }
    }

    public (SegmentState State, long LiveBytes, ulong LastSequence, bool IsPinned) this[int index]
    {
        get
        {
            lock (_lock)
            {
                return (_state[index], _live[index], _lastSequence[index], _pins[index] > 0);
            }
        }
    }

    public bool TryTake(LogHead head, out long addressBytes)
    {
        lock (_lock)
        {
            addressBytes = 0;
            if (_freeCount <= (head == LogHead.Index ? 0 : IndexReserve + ColdShortage))
            {
                return false;
            }
            addressBytes = superblock.SegmentAddress(TakeLocked(inImage: head == LogHead.Index));
            return true;
        }
    }

    /// <summary>Round robin: spreads wear, and leaves a freed segment's left-overs for as long as possible to those who mend.</summary>
    private int TakeLocked(bool inImage)
    {
        for (int i = 0; i < _state.Length; i++)
        {
            int index = (_cursor + i) % _state.Length;
            if (_state[index] == SegmentState.Free)
            {
                _cursor = index + 1;
                SetState(index, SegmentState.Head, inImage);
                return index;
            }
        }
        throw new InvalidOperationException("the count of free segments is wrong");
    }

    public void Left(LogHead head, long addressBytes, ulong lastSequence)
    {
        lock (_lock)
        {
            int index = superblock.SegmentIndex(addressBytes);
            SetState(index, SegmentState.Used, inImage: head == LogHead.Index);
            _lastSequence[index] = lastSequence;
            SetStampLocked(head, index, lastSequence);
        }
    }

    /// <summary>Recovery: the log was found to go on here, or a record names it as a head's.</summary>
    public void Enter(long addressBytes)
    {
        lock (_lock)
        {
            int index = superblock.SegmentIndex(addressBytes);
            SetState(index, SegmentState.Head, inImage: false);
            _mayBeNamed[index] = _isRecovering;
        }
    }

    /// <summary>
    /// The first thing that was found wrong with the counts; null on a sound volume. Digests prove that a volume is as it was written, not that it was written
    /// right, so this is no defect of ours but damage: from then on nothing is written that trusts the counts (no checkpoint, no change).
    /// </summary>
    public string? Damage => Volatile.Read(ref _damage);

    /// <summary>A record that names bytes at this address has come (positive) or gone (negative).</summary>
    public void AddLive(long addressBytes, long deltaBytes, bool isCheckpointWork = false)
    {
        lock (_lock)
        {
            if (!TryIndexOf(addressBytes, out int index))
            {
                return;
            }
            if (_live[index] + deltaBytes < 0 && !IsRecounting)
            {
                _damage ??= $"segment {index} has less than no live bytes";
                return;
            }
            _usedBytes += Math.Min(_live[index] + deltaBytes, SegmentBytes) - Math.Min(_live[index], SegmentBytes);
            _live[index] += deltaBytes;
            MarkDirty(index, isCheckpointWork);
            if (isCheckpointWork && _hasImage)
            {
                _image.Live[index] += deltaBytes;
            }
        }
    }

    /// <summary>
    /// Data was placed here that no record names yet (invariant S3): a segment that is dead may be about to get a record, so a checkpoint at whose
    /// cut it is held does not free it. Each hold is given back when its data is named by a commit or given up. Nobody waits for anybody. What is reserved
    /// after a cut lies in a segment that was a head's at the cut, because the log tells of it under its own lock.
    /// </summary>
    public void Reserved(long addressBytes) => AddHeld(addressBytes, 1);

    public void Unreserve(long addressBytes) => AddHeld(addressBytes, -1);

    /// <summary>Pieces of data that nobody has named or given up yet: none when nothing is under way.</summary>
    public long HeldCount
    {
        get
        {
            lock (_lock)
            {
                long sum = 0;
                foreach (int held in _held)
                {
                    sum += held;
                }
                return sum;
            }
        }
    }

    private void AddHeld(long addressBytes, int delta)
    {
        int index = superblock.SegmentIndex(addressBytes);
        lock (_lock)
        {
            _held[index] += delta;
            if (_held[index] < 0)
            {
                throw new InvalidOperationException($"segment {index} is held less than not at all");
            }
        }
    }

    /// <summary>With the writer lock held: freezes the image that the checkpoint will write.</summary>
    public SegmentImage BeginCheckpoint()
    {
        lock (_lock)
        {
            GrowLocked();
            _dirty.CopyTo(_image.IsDirty, 0);
            Array.Clear(_dirty);
            _live.CopyTo(_image.Live, 0);
            _state.CopyTo(_image.State, 0);
            _lastSequence.CopyTo(_image.LastSequence, 0);
            for (int i = 0; i < _held.Length; i++)
            {
                if (_state[i] == SegmentState.Used && (_held[i] > 0 || _mayBeNamed[i]))
                {
                    KeepInImageLocked(i);
                }
            }
            BeginColdLocked();
            _hasImage = true;
            return _image;
        }
    }

    /// <summary>
    /// A commit behind the cut may name bytes in this segment, though it has none now: the image calls it a head's, so that neither this checkpoint
    /// nor a recovery from it takes it for free.
    /// </summary>
    private void KeepInImageLocked(int index)
    {
        _image.State[index] = SegmentState.Head;
        _image.IsDirty[index / SegmentImage.EntriesPerChunk] = true;
        _dirty[index / SegmentImage.EntriesPerChunk] = true;
    }

    /// <summary>
    /// The checkpoint's record is durable: what was left, dead and not held at the cut may be freed; nothing can have brought it to life since.
    /// The caller discards these segments first and then calls <see cref="Release"/>: a discard must never meet a new write.
    /// </summary>
    public List<long> EndCheckpoint(IReadOnlyCollection<long> tableBlobAddresses)
    {
        var freed = new List<long>();
        lock (_lock)
        {
            _hasImage = false;
            PinLocked(tableBlobAddresses);
            EndColdLocked();
            for (int i = 0; i < _state.Length; i++)
            {
                if (_state[i] == SegmentState.Used && _image.State[i] == SegmentState.Used && _live[i] == 0 && _image.Live[i] == 0 && _pins[i] == 0
                    && !IsKeptLocked(i))
                {
                    freed.Add(superblock.SegmentAddress(i));
                }
            }
        }
        return freed;
    }

    public void Release(List<long> addresses)
    {
        lock (_lock)
        {
            foreach (long address in addresses)
            {
                SetState(superblock.SegmentIndex(address), SegmentState.Free, inImage: false);
            }
            _releases += addresses.Count;
            TopUpColdLocked();
        }
    }

    /// <summary>Segments that have no live bytes and wait for the next checkpoint; with those, too, that a check keeps and would give up.</summary>
    public int CountReclaimable(bool withKept = false)
    {
        lock (_lock)
        {
            int count = 0;
            for (int i = 0; i < _state.Length; i++)
            {
                count += _state[i] == SegmentState.Used && _live[i] == 0 && _pins[i] == 0 && _held[i] == 0 && (withKept || !IsKeptLocked(i)) ? 1 : 0;
            }
            return count;
        }
    }

    /// <summary>The table as the newest record has it. Heads of that time are given by <see cref="Enter"/> afterwards.</summary>
    public void Load(SegmentImage image, IReadOnlyCollection<long> tableBlobAddresses)
    {
        lock (_lock)
        {
            image.Live.CopyTo(_live, 0);
            image.LastSequence.CopyTo(_lastSequence, 0);
            PinLocked(tableBlobAddresses);
            _freeCount = 0;
            _usedBytes = 0;
            _isRecovering = true;
            for (int i = 0; i < _state.Length; i++)
            {
                _usedBytes += Math.Min(_live[i], SegmentBytes);
                _mayBeNamed[i] = image.State[i] == SegmentState.Head;
                _stamp[i] = image.LastSequence[i];
                bool isFree = image.State[i] == SegmentState.Free || (image.State[i] == SegmentState.Used && _live[i] == 0 && _pins[i] == 0);
                _state[i] = isFree ? SegmentState.Free : SegmentState.Used;
                _freeCount += isFree ? 1 : 0;
            }
        }
    }

    /// <summary>The log is replayed: every record is in, so what is dead is dead.</summary>
    public void EndRecovery()
    {
        lock (_lock)
        {
            _isRecovering = false;
            Array.Clear(_mayBeNamed);
        }
    }

    public void InitialiseEmpty()
    {
        lock (_lock)
        {
            _freeCount = _state.Length;
        }
    }

    private bool TryIndexOf(long addressBytes, out int index)
    {
        long number = (addressBytes / superblock.SegmentBytes) - 1;
        index = (int)number;
        if (addressBytes >= superblock.SegmentBytes && number < _live.Length)
        {
            return true;
        }
        _damage ??= IsRecounting ? null : $"device address {addressBytes}, which is in no segment, is said to hold something";
        return false;
    }

    private void MarkDirty(int index, bool inImage)
    {
        _dirty[index / SegmentImage.EntriesPerChunk] = true;
        if (inImage && _hasImage)
        {
            _image.IsDirty[index / SegmentImage.EntriesPerChunk] = true;
        }
    }

    private void PinLocked(IReadOnlyCollection<long> addresses)
    {
        Array.Clear(_pins);
        foreach (long address in addresses)
        {
            if (TryIndexOf(address, out int index))
            {
                _pins[index]++;
            }
        }
    }

    private void SetState(int index, SegmentState state, bool inImage)
    {
        _freeCount += (state == SegmentState.Free ? 1 : 0) - (_state[index] == SegmentState.Free ? 1 : 0);
        _state[index] = state;
        MarkDirty(index, inImage);
        if (inImage && _hasImage)
        {
            _image.State[index] = state;
        }
    }
}
