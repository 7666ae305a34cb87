using Txlfs.Journal;

namespace Txlfs.Lfs.Index;

/// <summary>
/// Walks the page map in ascending order of page ids for a checkpoint: holds (pinned) one map page of each level, and writes a changed one
/// when it moves on, entering its new place in the page above. So a checkpoint needs no more frames for the map than it has levels.
/// </summary>
internal sealed class MapCursor(PageCache cache, PageMap map, PageLoader loader, ulong volumeTag)
{
    private const int None = -1;

    private readonly int[] _frame = NewFrames();
    private readonly ulong[] _number = new ulong[PageMapGeometry.MaxHeight + 1];
    private readonly ulong[] _wanted = new ulong[PageMapGeometry.MaxHeight + 1];
    private readonly bool[] _isDirty = new bool[PageMapGeometry.MaxHeight + 1];
    private IPageSink _sink = null!;
    private ulong _checkpointNumber;

    /// <summary>Begins a walk, and makes the map high enough for all ids below <paramref name="nextPageId"/>.</summary>
    public unsafe int Open(IPageSink sink, ulong checkpointNumber, ulong nextPageId)
    {
        _sink = sink;
        _checkpointNumber = checkpointNumber;
        lock (cache.Mutex)
        {
            while (map.Height < PageMapGeometry.HeightFor(nextPageId))
            {
                PagePointer below = map.Root;
                int level = map.Height + 1;
                if (!TryMakeLocked(level, 0))
                {
                    return -Errno.ENOMEM;
                }
                MapPage.Set(cache.PageAt(_frame[level]), 0, below);
                map.GrowLocked();
            }
        }
        return 0;
    }

    /// <summary>Holds the map pages above a tree page.</summary>
    public async ValueTask<int> MoveToAsync(ulong pageId)
    {
        ulong number = PageMapGeometry.ParentOf(pageId);
        int changed = 0;
        for (int level = 1; level <= map.Height; level++, number = PageMapGeometry.ParentOf(number))
        {
            if (_frame[level] != None && _number[level] != number)
            {
                int result = await CloseLevelAsync(level).ConfigureAwait(false);
                if (result != 0)
                {
                    return result;
                }
            }
            changed = _frame[level] == None ? level : changed;
            _wanted[level] = number;
        }
        for (int level = changed; level > 0; level--)
        {
            int result = _frame[level] == None ? await OpenLevelAsync(level, _wanted[level]).ConfigureAwait(false) : 0;
            if (result != 0)
            {
                return result;
            }
        }
        return 0;
    }

    public unsafe PagePointer Get(ulong pageId)
    {
        lock (cache.Mutex)
        {
            return MapPage.Get(cache.PageAt(_frame[1]), PageMapGeometry.EntryOf(pageId));
        }
    }

    public unsafe void SetLocked(ulong pageId, in PagePointer pointer)
    {
        MapPage.Set(cache.PageAt(_frame[1]), PageMapGeometry.EntryOf(pageId), pointer);
        _isDirty[1] = true;
    }

    /// <summary>Has the held map page of this space written, changed or not.</summary>
    public int Touch(int space)
    {
        if (space <= map.Height)
        {
            _isDirty[space] = true;
        }
        return 0;
    }

    /// <summary>Writes what is held and changed, up to the map's root.</summary>
    public async ValueTask<int> CloseAsync()
    {
        for (int level = 1; level <= map.Height; level++)
        {
            int result = _frame[level] == None ? 0 : await CloseLevelAsync(level).ConfigureAwait(false);
            if (result != 0)
            {
                return result;
            }
        }
        return 0;
    }

    /// <summary>The page above is held, or this is the root.</summary>
    private async ValueTask<int> OpenLevelAsync(int level, ulong number)
    {
        while (!TryHold(level, number, out bool mustLoad))
        {
            if (!mustLoad)
            {
                return -Errno.ENOMEM;
            }
            int result = await loader.LoadAsync(level, number, 0, FrameUse.Checkpoint).ConfigureAwait(false);
            if (result != 0)
            {
                return result;
            }
        }
        return 0;
    }

    private unsafe bool TryHold(int level, ulong number, out bool mustLoad)
    {
        mustLoad = false;
        lock (cache.Mutex)
        {
            if (cache.TryFindResidentLocked(PageCache.KeyOf(level, number), out int frame))
            {
                cache.At(frame)->Pins++;
                Hold(level, number, frame, isDirty: false);
                return true;
            }
            mustLoad = OldPointerLocked(level, number).IsStored;
            return !mustLoad && TryMakeLocked(level, number);
        }
    }

    private void Hold(int level, ulong number, int frame, bool isDirty)
    {
        _frame[level] = frame;
        _number[level] = number;
        _isDirty[level] = isDirty;
    }

    /// <summary>An empty map page that has not existed before.</summary>
    private unsafe bool TryMakeLocked(int level, ulong number)
    {
        if (!cache.TryTakeLocked(FrameUse.Checkpoint, out int frame))
        {
            return false;
        }
        PageHeader.Format(cache.PageAt(frame), PageKind.Map, level, number, volumeTag);
        cache.EnterNewLocked(frame, PageCache.KeyOf(level, number));
        cache.At(frame)->Pins = 1;
        cache.EndChange(frame);
        Hold(level, number, frame, isDirty: true);
        return true;
    }

    private unsafe PagePointer OldPointerLocked(int level, ulong number)
        => level == map.Height ? map.Root : MapPage.Get(cache.PageAt(_frame[level + 1]), PageMapGeometry.EntryOf(number));

    /// <summary>Writes a held page if it was changed, and lets go of it. The page above is still the one above it.</summary>
    private async ValueTask<int> CloseLevelAsync(int level)
    {
        if (_isDirty[level])
        {
            PagePointer old = PrepareToWrite(level);
            OpResult<PagePointer> stored = await _sink.AppendAsync(level, _number[level], cache.SliceOf(_frame[level]), in old).ConfigureAwait(false);
            if (!stored.IsOk)
            {
                return -stored.Errno;
            }
            PagePointer pointer = stored.Value;
            pointer.BirthCheckpoint = _checkpointNumber;
            EnterAbove(level, pointer);
        }
        lock (cache.Mutex)
        {
            Release(level);
        }
        return 0;
    }

    private unsafe PagePointer PrepareToWrite(int level)
    {
        lock (cache.Mutex)
        {
            PageHeader.SetCheckpoint(cache.PageAt(_frame[level]), _checkpointNumber);
            return OldPointerLocked(level, _number[level]);
        }
    }

    private unsafe void EnterAbove(int level, in PagePointer pointer)
    {
        lock (cache.Mutex)
        {
            if (level == map.Height)
            {
                map.SetRootLocked(pointer);
                return;
            }
            MapPage.Set(cache.PageAt(_frame[level + 1]), PageMapGeometry.EntryOf(_number[level]), pointer);
            _isDirty[level + 1] = true;
        }
    }

    private unsafe void Release(int level)
    {
        cache.At(_frame[level])->Pins--;
        _frame[level] = None;
        _isDirty[level] = false;
    }

    private static int[] NewFrames()
    {
        int[] frames = new int[PageMapGeometry.MaxHeight + 1];
        Array.Fill(frames, None);
        return frames;
    }
}
