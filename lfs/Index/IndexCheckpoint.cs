using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Index;

/// <summary>
/// One incremental checkpoint at a time. Begin (writer lock held) marks the moment; Write then visits, in the order of page ids, what was
/// dirty, freed or to be relocated at that moment, and every map page above it exactly once, bottom-up.
/// </summary>
internal sealed class IndexCheckpoint : IDisposable
{
    private const int MaxTouched = 1024;

    private enum WorkKind : byte { Page, Free, MapPage }

    /// <param name="PageId">The tree page, or the first tree page below a map page.</param>
    /// <param name="Index">Slot in the dirty list, index of the freed id, or the map page's space.</param>
    private readonly record struct Work(ulong PageId, WorkKind Kind, int Index) : IComparable<Work>
    {
        public int CompareTo(Work other) => PageId.CompareTo(other.PageId);
    }

    private readonly PageCache _cache;
    private readonly PageMap _map;
    private readonly PageLoader _loader;
    private readonly PageIdAllocator _ids;
    private readonly MapCursor _cursor;
    private readonly IndexCounters _counters;
    
    /// <summary>The page that is being written, as of Begin: a copy, so that the writer may go on with the original.</summary>
    private readonly NativeSlice _staging;
    private readonly List<Work> _touched = [];
    private Work[] _work = [];
    private int _workCount;
    private IndexRoot _root;
    private bool _isRunning;
    private bool _isDisposed;

    public unsafe IndexCheckpoint(PageCache cache, PageMap map, PageLoader loader, PageIdAllocator ids, ulong volumeTag, IndexCounters counters)
    {
        (_cache, _map, _loader, _ids, _counters) = (cache, map, loader, ids, counters);
        _cursor = new MapCursor(cache, map, loader, volumeTag);
        _staging = new NativeSlice((byte*)NativeMemory.AlignedAlloc(Limits.PageBytes, Limits.PageBytes), Limits.PageBytes);
    }

    /// <summary>A sink or a map page has failed: what is in memory can no longer become durable.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Has the next checkpoint write this map page anew. The writer's, like <see cref="Begin"/>.</summary>
    public bool TryTouchMapPage(int space, ulong pageId)
    {
        if (_touched.Count == MaxTouched)
        {
            return false;
        }
        _touched.Add(new Work(pageId * PageMapGeometry.PagesUnder(space), WorkKind.MapPage, space));
        return true;
    }

    public void Begin(ulong number, ulong records)
    {
        if (_isRunning || HasFailed)
        {
            throw new InvalidOperationException("a checkpoint is running, or has failed");
        }
        _isRunning = true;
        _root = new IndexRoot { CheckpointNumber = number, Records = records };
        lock (_cache.Mutex)
        {
            _cache.FlipLocked();
        }
        _ids.BeginCheckpoint(ref _root);
        _workCount = 0;
        foreach (Work touched in _touched)
        {
            Add(touched);
        }
        _touched.Clear();
    }

    public async ValueTask<OpResult<IndexRoot>> WriteAsync(IPageSink sink)
    {
        ListWork();
        int result = _cursor.Open(sink, _root.CheckpointNumber, _root.NextPageId);
        for (int i = 0; i < _workCount && result == 0; i++)
        {
            Work work = _work[i];
            result = await _cursor.MoveToAsync(work.PageId).ConfigureAwait(false);
            if (result == 0)
            {
                result = work.Kind switch
                {
                    WorkKind.Page => await WritePageAsync(sink, work).ConfigureAwait(false),
                    WorkKind.Free => WriteFree(sink, work),
                    _ => _cursor.Touch(work.Index),
                };
            }
        }
        if (result == 0)
        {
            result = await _cursor.CloseAsync().ConfigureAwait(false);
        }
        if (result != 0)
        {
            HasFailed = true;
            return OpResult<IndexRoot>.Fail(-result);
        }
        lock (_cache.Mutex)
        {
            _root.MapHeight = (byte)_map.Height;
            _root.MapRoot = _map.Root;
        }
        await RefillAsync().ConfigureAwait(false);
        _counters.Checkpoints++;
        return _root;
    }

    public void End()
    {
        _ids.Trim();
        _isRunning = false;
    }

    private void ListWork()
    {
        lock (_cache.Mutex)
        {
            for (int slot = 0; slot < _cache.OldCount; slot++)
            {
                Add(new Work(_cache.OldPageIdLocked(slot), WorkKind.Page, slot));
            }
        }
        for (int i = 0; i < _ids.ChainedCount; i++)
        {
            Add(new Work(_ids.ChainedId(i), WorkKind.Free, i));
        }
        Array.Sort(_work, 0, _workCount);
    }

    private void Add(Work work)
    {
        if (_workCount == _work.Length)
        {
            Array.Resize(ref _work, Math.Max(256, 2 * _work.Length));
        }
        _work[_workCount++] = work;
    }

    private async ValueTask<int> WritePageAsync(IPageSink sink, Work work)
    {
        PagePointer old = _cursor.Get(work.PageId);
        if (old.IsFree)
        {
            old = default;
        }
        Capture(work.Index);
        OpResult<PagePointer> stored = await sink.AppendAsync(PageMapGeometry.TreeSpace, work.PageId, _staging, in old).ConfigureAwait(false);
        if (!stored.IsOk)
        {
            return -stored.Errno;
        }
        PagePointer pointer = stored.Value;
        pointer.BirthCheckpoint = _root.CheckpointNumber;
        EndCapture(work, pointer);
        _counters.CheckpointPages++;
        return 0;
    }

    private unsafe void Capture(int slot)
    {
        lock (_cache.Mutex)
        {
            _cache.CaptureLocked(slot, _staging.Pointer);
        }
        PageHeader.SetCheckpoint(_staging.Pointer, _root.CheckpointNumber);
    }

    /// <summary>The new place is entered before the page may be evicted: both at once, for loads.</summary>
    private void EndCapture(Work work, in PagePointer pointer)
    {
        lock (_cache.Mutex)
        {
            _cursor.SetLocked(work.PageId, pointer);
            _cache.EndCaptureLocked(work.Index);
        }
    }

    private int WriteFree(IPageSink sink, Work work)
    {
        PagePointer old = _cursor.Get(work.PageId);
        if (old.IsStored)
        {
            sink.Drop(PageMapGeometry.TreeSpace, work.PageId, in old);
        }
        lock (_cache.Mutex)
        {
            _cursor.SetLocked(work.PageId, PagePointer.FreeEntry(_ids.ChainedNext(work.Index)));
        }
        return 0;
    }

    /// <summary>
    /// Reads free ids back while memory holds few. A list that cannot be read costs nothing but the reuse of its ids (fresh ones are taken),
    /// so it fails no checkpoint; the verifier reports it.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask RefillAsync()
    {
        while (_ids.InMemory < _ids.Target)
        {
            ulong below = _ids.Below;
            if (below == 0)
            {
                return;
            }
            PageMap.Answer answer;
            PagePointer pointer;
            lock (_cache.Mutex)
            {
                answer = _map.FindLocked(PageMapGeometry.TreeSpace, below, out pointer, out _);
            }
            if (answer != PageMap.Answer.Pointer)
            {
                if (await _loader.LoadAsync(1, PageMapGeometry.ParentOf(below), 0, FrameUse.Checkpoint).ConfigureAwait(false) != 0)
                {
                    return;
                }
                continue;
            }
            if (!pointer.IsFree || pointer.AddressBytes >= _root.NextPageId)
            {
                return;
            }
            _ids.RefillOne(below, pointer.AddressBytes);
        }
    }

    public unsafe void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            NativeMemory.AlignedFree(_staging.Pointer);
        }
    }
}
