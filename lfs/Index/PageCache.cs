using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Index;

/// <summary>
/// A fixed number of page frames in native memory and the table that finds them. Finding is lock-free; everything that changes what a frame
/// holds is done under <see cref="Mutex"/> (methods named ...Locked expect it held), which is never held over I/O or a callback.
/// </summary>
internal sealed unsafe partial class PageCache : IDisposable
{
    /// <summary>Frames that only a checkpoint may take for map pages: at most one a map level is held at a time.</summary>
    public const int CheckpointReserve = PageMapGeometry.MaxHeight + 1;

    private const int MaxChain = 64;
    private const int SpaceShift = 60;

    private readonly Frame* _frames;
    private readonly byte* _pages;
    private readonly int* _buckets;
    private readonly int _bucketShift;
    private readonly int[] _free;
    private readonly IndexCounters _counters;
    private int _freeCount;
    private int _writerReserved;
    private int _hand;
    private bool _isDisposed;

    public PageCache(int capacityPages, IndexCounters counters)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacityPages, IndexOptions.MinCapacityPages);
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("index pages are little-endian, and so must the machine be");
        }
        Capacity = capacityPages;
        _counters = counters;
        int buckets = (int)BitOperations.RoundUpToPowerOf2((uint)capacityPages * 2);
        _bucketShift = 64 - BitOperations.Log2((uint)buckets);
        _frames = (Frame*)NativeMemory.AlignedAlloc((nuint)capacityPages * (nuint)sizeof(Frame), 64);
        _buckets = (int*)NativeMemory.AlignedAlloc((nuint)buckets * sizeof(int), 64);
        _pages = (byte*)NativeMemory.AlignedAlloc((nuint)capacityPages * Limits.PageBytes, Limits.PageBytes);
        new Span<int>(_buckets, buckets).Fill(-1);
        _free = new int[capacityPages];
        _current = new int[capacityPages];
        _old = new int[capacityPages];
        for (int i = 0; i < capacityPages; i++)
        {
            _frames[i] = new Frame { Version = 1, HashNext = -1 };
            _free[_freeCount++] = capacityPages - 1 - i;
        }
    }

    public Lock Mutex { get; } = new();
    public int Capacity { get; }
    public int LoadsInFlight { get; private set; }

    /// <summary>Counts freed pages; see <see cref="PageReference"/>.</summary>
    public uint FreeEpoch => Volatile.Read(ref _freeEpoch);
    private uint _freeEpoch;

    public static ulong KeyOf(int space, ulong pageId) => ((ulong)space << SpaceShift) | pageId;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Frame* At(int frame) => _frames + frame;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* PageAt(int frame) => _pages + (long)frame * Limits.PageBytes;

    public NativeSlice SliceOf(int frame) => new(PageAt(frame), Limits.PageBytes);

    /// <summary>
    /// The frame of a page, or -1. Without the mutex the answer may be wrong in both directions: a found frame counts only once its version
    /// was read, its key compared and the version validated; "not found" must be confirmed under the mutex by whoever cannot live with a miss.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(ulong key)
    {
        int frame = Volatile.Read(ref _buckets[BucketOf(key)]);
        for (int steps = 0; frame >= 0 && steps < MaxChain; steps++)
        {
            Frame* at = _frames + frame;
            if (at->Key == key)
            {
                return frame;
            }
            frame = Volatile.Read(ref at->HashNext);
        }
        return -1;
    }

    /// <summary>The frame that holds the page or is being loaded with it, or -1; exact.</summary>
    public int FindLocked(ulong key)
    {
        int frame = _buckets[BucketOf(key)];
        while (frame >= 0 && _frames[frame].Key != key)
        {
            frame = _frames[frame].HashNext;
        }
        return frame;
    }

    public bool TryFindResidentLocked(ulong key, out int frame)
    {
        frame = FindLocked(key);
        return frame >= 0 && _frames[frame].State == FrameState.Resident;
    }

    /// <summary>A frame for a load, for a map page of the checkpoint, or from what the writer has reserved. Its version is odd.</summary>
    public bool TryTakeLocked(FrameUse use, out int frame)
    {
        int kept = use switch
        {
            FrameUse.Load => _writerReserved + CheckpointReserve,
            FrameUse.Checkpoint => _writerReserved,
            _ => 0,
        };
        if (_freeCount > kept)
        {
            frame = _free[--_freeCount];
        }
        else if (!TryEvictLocked(out frame))
        {
            return false;
        }
        if (use == FrameUse.Writer && _writerReserved > 0)
        {
            _writerReserved--;
        }
        Frame* at = _frames + frame;
        at->Pins = 0;
        at->PrepareStamp = 0;
        at->DirtyGeneration = 0;
        at->LastInsert = -1;
        at->AscendingRun = 0;
        at->IsCaptured = false;
        return true;
    }

    /// <summary>Sets frames aside for the writer, by evicting clean pages when there are too few free ones.</summary>
    public bool TryReserveLocked(int frames)
    {
        _writerReserved = 0;
        while (_freeCount < frames + CheckpointReserve)
        {
            if (!TryEvictLocked(out int frame))
            {
                return false;
            }
            _free[_freeCount++] = frame;
        }
        _writerReserved = frames;
        return true;
    }

    public void ReleaseReserveLocked() => _writerReserved = 0;

    public void BeginLoadLocked(int frame, ulong key)
    {
        Frame* at = _frames + frame;
        at->Key = key;
        at->State = FrameState.Loading;
        LoadsInFlight++;
        LinkLocked(frame);
    }

    /// <summary>Ends a load. False when the page's id was given away meanwhile and the bytes were dropped.</summary>
    public bool EndLoadLocked(int frame, bool isGood)
    {
        Frame* at = _frames + frame;
        LoadsInFlight--;
        bool isOrphaned = at->State == FrameState.Orphaned;
        if (isOrphaned || !isGood)
        {
            if (!isOrphaned)
            {
                UnlinkLocked(frame);
            }
            FreeLocked(frame);
            return !isOrphaned;
        }
        at->State = FrameState.Resident;
        at->Referenced = 1;
        Volatile.Write(ref at->Version, at->Version + 1);
        return true;
    }

    /// <summary>Enters a new page; the caller formats it before anything points at it and makes its version even with its other changes.</summary>
    public void EnterNewLocked(int frame, ulong key)
    {
        DropStaleLocked(key);
        Frame* at = _frames + frame;
        at->Key = key;
        at->State = FrameState.Resident;
        at->Referenced = 1;
        LinkLocked(frame);
    }

    /// <summary>Makes an even version odd: from here on readers do not trust the bytes.</summary>
    public void BeginChange(int frame)
    {
        Frame* at = _frames + frame;
        Volatile.Write(ref at->Version, at->Version + 1);
        Volatile.WriteBarrier();
    }

    public void EndChange(int frame)
    {
        Frame* at = _frames + frame;
        Volatile.Write(ref at->Version, at->Version + 1);
    }

    private void FreeLocked(int frame)
    {
        Frame* at = _frames + frame;
        at->State = FrameState.Free;
        at->Pins = 0;
        at->PrepareStamp = 0;
        _free[_freeCount++] = frame;
    }

    /// <summary>A page that was freed may have been loaded again by a reader that came too late; its id now gets a new page.</summary>
    private void DropStaleLocked(ulong key)
    {
        int frame = FindLocked(key);
        if (frame < 0)
        {
            return;
        }
        UnlinkLocked(frame);
        if (_frames[frame].State == FrameState.Loading)
        {
            _frames[frame].State = FrameState.Orphaned;
            return;
        }
        BeginChange(frame);
        FreeLocked(frame);
    }

    /// <summary>Second chance: a page that was used since the hand came by last is passed over once.</summary>
    private bool TryEvictLocked(out int frame)
    {
        for (int steps = 2 * Capacity; steps > 0; steps--)
        {
            frame = _hand;
            _hand = _hand + 1 == Capacity ? 0 : _hand + 1;
            Frame* at = _frames + frame;
            if (at->State != FrameState.Resident || at->Pins != 0 || at->DirtyGeneration != 0)
            {
                continue;
            }
            if (at->Referenced != 0)
            {
                at->Referenced = 0;
                continue;
            }
            BeginChange(frame);
            UnlinkLocked(frame);
            at->State = FrameState.Free;
            _counters.Evictions++;
            return true;
        }
        frame = -1;
        return false;
    }

    private int BucketOf(ulong key) => (int)((key * 0x9E3779B97F4A7C15UL) >> _bucketShift);

    private void LinkLocked(int frame)
    {
        ref int head = ref _buckets[BucketOf(_frames[frame].Key)];
        Volatile.Write(ref _frames[frame].HashNext, head);
        Volatile.Write(ref head, frame);
    }

    private void UnlinkLocked(int frame)
    {
        int* link = &_buckets[BucketOf(_frames[frame].Key)];
        while (*link != frame)
        {
            link = &_frames[*link].HashNext;
        }
        Volatile.Write(ref *link, _frames[frame].HashNext);
    }

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }
        _isDisposed = true;
        NativeMemory.AlignedFree(_pages);
        NativeMemory.AlignedFree(_buckets);
        NativeMemory.AlignedFree(_frames);
    }
}
