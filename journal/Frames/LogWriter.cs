using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;

namespace Txlfs.Journal.Frames;

/// <summary>
/// The foreground head: the one order in which commits reach stable storage. Appends are memory only; frames are sealed when full, when somebody
/// syncs and no sync is under way (group commit), or by age; several are written at once; acknowledgement is in order.
/// Locking: one lock, held for memory work only, taken after the volume's writer lock and before nothing.
/// </summary>
public sealed partial class LogWriter : IDisposable
{
    private readonly IBlockDevice _device;
    private readonly LogSettings _settings;
    private readonly ISegmentSource _segments;
    private readonly Seams _seams;
    private readonly WaiterPool _waiterPool = new();
    private readonly Lock _lock = new();
    private readonly LogFrame[] _frames;
    private readonly Stack<LogFrame> _free;
    private readonly Queue<LogFrame> _queue;
    private readonly byte[] _previousDigest = new byte[Checksum.MaxWidthBytes];
    private readonly SealTimer _timer;

    private LogFrame? _open;
    private long _segmentAddressBytes;
    private int _offsetBytes;
    private long _successorAddressBytes;
    private ulong _nextSequence;
    private ulong _finalizedSequence;
    private ulong _writtenSequence;
    private ulong _durableSequence;
    private ulong _syncSealSequence;
    private ulong _durableWriteSequence;
    private bool _isFinalizing;
    private bool _isFlushInFlight;
    private bool _isTimerArmed;
    private bool _isClosed;
    private bool _needsKick;
    private bool _isSegmentFull;
    private bool _isSuccessorNamed;
    private int _failure;
    private WaiterList _syncWaiters;
    private WaiterList _roomWaiters;

    /// <summary>Those who want a flush that begins from now on, and those whom the flush under way will answer.</summary>
    private WaiterList _flushWaiters;
    private WaiterList _flushTakers;

    public LogWriter(IBlockDevice device, LogSettings settings, ISegmentSource segments, Seams seams, LogPosition position)
    {
        _device = device;
        _settings = settings;
        _segments = segments;
        _seams = seams;
        _segmentAddressBytes = position.SegmentAddressBytes;
        _offsetBytes = position.OffsetBytes;
        _successorAddressBytes = position.SuccessorAddressBytes;
        _isSuccessorNamed = position.SuccessorAddressBytes != 0;
        _nextSequence = position.NextSequence;
        _finalizedSequence = _writtenSequence = _durableSequence = _nextSequence - 1;
        position.PreviousDigest.CopyTo(_previousDigest, 0);
        _timer = new SealTimer(this);
        _gatheringTimer = new GatheringTimer(this);
        _flushContinuation = OnFlushed;
        _backgroundSyncContinuation = OnBackgroundSync;
        _frames = new LogFrame[settings.FrameCount];
        _free = new Stack<LogFrame>(settings.FrameCount);
        _queue = new Queue<LogFrame>(settings.FrameCount);
        for (int i = 0; i < _frames.Length; i++)
        {
            _frames[i] = new LogFrame(settings.ChecksumKind, OnWritten);
            _free.Push(_frames[i]);
        }
    }

    /// <summary>0, or the errno of the first failed write or flush; then nothing more is appended or acknowledged.</summary>
    public int Failure => Volatile.Read(ref _failure);

    public ChecksumKind ChecksumKind => _settings.ChecksumKind;

    public ulong DurableSequence => Volatile.Read(ref _durableSequence);

    /// <summary>Bytes of frames sealed since the start, padding included.</summary>
    public long SealedBytes { get; private set; }
    public long SealedFrames { get; private set; }

    /// <summary>Room for a data extent. 0; -EAGAIN: await <see cref="WaitForRoomAsync"/> and ask again; -ENOSPC; -EIO after a failure.</summary>
    public int TryReserve(int storedBytes, bool isAligned, in ExtentTag tag, out DataReservation reservation)
    {
        reservation = default;
        int result;
        bool sealedOne = false;
        lock (_lock)
        {
            while ((result = EnsureOpen()) == 0)
            {
                LogFrame frame = _open!;
                if (frame.Buffer.TryPlaceExtent(storedBytes, isAligned, tag, out int slot, out int offset))
                {
                    frame.PendingCopies++;
                    _segments.Reserved(frame.Buffer.AddressBytes + offset);
                    reservation = new DataReservation(frame.Buffer.AddressBytes + offset, frame.Buffer.ExtentMemory(slot), frame, slot);
                    ArmTimer();
                    break;
                }
                sealedOne |= MakeRoom(frame);
            }
        }
        if (sealedOne)
        {
            Pump();
        }
        return result;
    }

    /// <summary>The extent's bytes are in place; <paramref name="digest"/> is MaxWidthBytes long.</summary>
    public void Complete(in DataReservation reservation, ReadOnlySpan<byte> digest)
    {
        var frame = (LogFrame)reservation.Owner;
        bool isReady;
        lock (_lock)
        {
            frame.Buffer.SetDigest(reservation.Slot, digest);
            frame.PendingCopies--;
            isReady = frame.PendingCopies == 0 && frame.State == FrameState.Sealed;
        }
        if (isReady)
        {
            Pump();
        }
    }

    /// <summary>
    /// Appends one commit's redo, whole, to the open frame. Results as <see cref="TryReserve"/>. Starts no I/O, because the caller holds the
    /// volume's writer lock: it calls <see cref="Kick"/> after leaving it.
    /// </summary>
    public int TryAppendRedo(ReadOnlySpan<byte> redo, ulong csn)
    {
        if (redo.Length > FrameLimits.MaxRedoBytes)
        {
            throw new ArgumentOutOfRangeException(nameof(redo), redo.Length, "a commit's redo is bounded");
        }
        int result;
        lock (_lock)
        {
            while ((result = EnsureOpen()) == 0)
            {
                if (_open!.Buffer.TryAppendRedo(redo, csn))
                {
                    ArmTimer();
                    break;
                }
                MakeRoom(_open!);
            }
        }
        return result;
    }

    /// <summary>Starts the I/O that appends and a cut have left to do. Cheap when there is none.</summary>
    public void Kick()
    {
        if (Volatile.Read(ref _needsKick))
        {
            Pump();
        }
    }

    /// <summary>Completes when an append may succeed again (or the log has failed).</summary>
    public ValueTask<int> WaitForRoomAsync()
    {
        lock (_lock)
        {
            if (_failure != 0 || _open is not null || _free.Count > 0)
            {
                return new ValueTask<int>(0);
            }
            Waiter waiter = _waiterPool.Rent(0);
            ValueTask<int> task = waiter.Task;
            _roomWaiters.Add(waiter);
            return task;
        }
    }

    /// <summary>Completes with 0 when all that was appended before the call is on stable storage; -EIO when it will never be.</summary>
    public ValueTask<int> SyncAsync()
    {
        ValueTask<int> task;
        lock (_lock)
        {
            if (_failure != 0)
            {
                return new ValueTask<int>(-Errno.EIO);
            }
            ulong target = _open is { Buffer.IsEmpty: false } ? _open.Buffer.Sequence : _nextSequence - 1;
            if (target <= _durableSequence)
            {
                return new ValueTask<int>(0);
            }
            Waiter waiter = _waiterPool.Rent(target);
            task = waiter.Task;
            _syncWaiters.Add(waiter);
        }
        Pump();
        return task;
    }

    /// <summary>
    /// Flushes the device for others that write to it. Every flush of a volume in use goes through here, one at a time: a flush that fails may have
    /// dropped what the log wrote before it, and must fail the log before a later one, which the device answers with success, acknowledges that.
    /// </summary>
    public ValueTask<int> FlushDeviceAsync()
    {
        ValueTask<int> task;
        lock (_lock)
        {
            if (_failure != 0)
            {
                return new ValueTask<int>(-Errno.EIO);
            }
            Waiter waiter = _waiterPool.Rent(0);
            task = waiter.Task;
            _flushWaiters.Add(waiter);
        }
        Pump();
        return task;
    }

    /// <summary>Copies stored bytes out of a frame that is not yet on the device; false when the range is not (or no longer) in memory.</summary>
    public bool TryReadInFlight(long addressBytes, Span<byte> destination)
    {
        // Without the lock first: the range of a frame was published before any extent in it could be found in the index, and a frame leaves
        // memory only after it was written, so a miss here means that the device has the bytes.
        foreach (LogFrame frame in _frames)
        {
            if (addressBytes >= Volatile.Read(ref frame.VolatileStartBytes) && addressBytes < Volatile.Read(ref frame.VolatileEndBytes))
            {
                return TryCopyPinned(frame, addressBytes, destination);
            }
        }
        return false;
    }

    private bool TryCopyPinned(LogFrame frame, long addressBytes, Span<byte> destination)
    {
        lock (_lock)
        {
            if (frame.State == FrameState.Free || addressBytes < frame.VolatileStartBytes || addressBytes + destination.Length > frame.VolatileEndBytes)
            {
                return false;
            }
            frame.Pins++;
        }
        frame.Buffer.Memory((int)(addressBytes - frame.Buffer.AddressBytes), destination.Length).CopyTo(destination);
        WaiterList room = default;
        lock (_lock)
        {
            frame.Pins--;
            if (frame.State == FrameState.Lingering && frame.Pins == 0)
            {
                Recycle(frame);
                room = _roomWaiters.TakeAll();
            }
        }
        room.Complete(0);
        return true;
    }

    /// <summary>Seals the open frame and says where the next one goes: the log's part of a checkpoint's cut. Starts no I/O (see <see cref="Kick"/>). The digest comes with <see cref="CutDigest"/>.</summary>
    public (long SegmentAddressBytes, int OffsetBytes, ulong NextSequence, long SuccessorAddressBytes) Cut()
    {
        (long, int, ulong, long) cut;
        lock (_lock)
        {
            SealOpen();
            _cutSequence = _nextSequence - 1;
            if (_finalizedSequence == _cutSequence)
            {
                _previousDigest.CopyTo(_cutDigest, 0);
            }
            cut = (_segmentAddressBytes, _offsetBytes, _nextSequence, _successorAddressBytes);
        }
        return cut;
    }

    /// <summary>The digest of the last frame before the cut. Valid once a <see cref="SyncAsync"/> that began after the cut has completed with 0.</summary>
    public ReadOnlySpan<byte> CutDigest => _cutDigest;

    private readonly byte[] _cutDigest = new byte[Checksum.MaxWidthBytes];
    private ulong _cutSequence = ulong.MaxValue;

    /// <summary>Writes out all that was appended and takes nothing more.</summary>
    public async ValueTask<int> CloseAsync()
    {
        int result = await SyncAsync().ConfigureAwait(false);
        lock (_lock)
        {
            _isClosed = true;
        }
        return result;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            if (_queue.Count > 0 || _isFlushInFlight)
            {
                // The device still reads from the frames: leaked on purpose; this happens only when a failed volume is torn down.
                return;
            }
        }
        foreach (LogFrame frame in _frames)
        {
            frame.Dispose();
        }
    }
}
