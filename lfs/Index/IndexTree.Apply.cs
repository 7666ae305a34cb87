namespace Txlfs.Lfs.Index;

/// <summary>
/// Applying a prepared batch. All pages that one mutation changes have odd versions from before the first change until the whole mutation is
/// done, so that readers see it at once or not at all.
/// </summary>
internal sealed unsafe partial class IndexTree
{
    /// <summary>The path of the mutation at hand, by level (0 = leaf): frames, and the place in each inner page of the child below.</summary>
    private readonly int[] _path = new int[PageLayout.MaxLevels + 1];
    private readonly int[] _pathIndex = new int[PageLayout.MaxLevels + 1];
    private readonly int[] _changing = new int[8 * PageLayout.MaxLevels];
    private int _changingCount;
    private int _top;
    private bool _isRightEdge;
    private ulong _csn;

    /// <summary>Applies a batch for which <see cref="Prepare"/> has just returned 0. Readers see each mutation at once, whole.</summary>
    public void Apply<TObserver>(MutationBatch batch, ulong csn, ref TObserver observer)
        where TObserver : struct, IMutationObserver, allows ref struct
    {
        _csn = csn;
        _hasSmallLeaf = false;
        foreach (ref readonly Mutation mutation in batch.Mutations)
        {
            Descend(mutation.Key);
            if (mutation.IsDelete)
            {
                ApplyDelete(mutation.Key, ref observer);
            }
            else
            {
                ApplyPut(mutation.Key, batch.Value(mutation), ref observer);
            }
            EndChanges();
        }
        if (_hasSmallLeaf)
        {
            ShrinkLeaves(batch);
        }
        Cancel();
    }

    private void ApplyPut<TObserver>(Key key, ReadOnlySpan<byte> value, ref TObserver observer)
        where TObserver : struct, IMutationObserver, allows ref struct
    {
        int leaf = _path[0];
        byte* page = _cache.PageAt(leaf);
        bool isThere = LeafPage.TryFind(page, key, out int index);
        observer.Changed(key, isThere ? LeafPage.ValueAt(page, index) : default, value);
        Change(leaf);
        if (isThere)
        {
            if (LeafPage.TryReplace(page, index, value))
            {
                return;
            }
            LeafPage.Remove(page, index);
        }
        else
        {
            Volatile.Write(ref _records, _records + 1);
            NoteInsert(_cache.At(leaf), index);
        }
        if (LeafPage.FreeBytes(page) >= LeafPage.RecordBytes(value.Length))
        {
            LeafPage.Insert(page, index, key, value);
            return;
        }
        SplitLeaf(index, key, value);
    }

    private void ApplyDelete<TObserver>(Key key, ref TObserver observer)
        where TObserver : struct, IMutationObserver, allows ref struct
    {
        byte* page = _cache.PageAt(_path[0]);
        if (!LeafPage.TryFind(page, key, out int index))
        {
            return;
        }
        observer.Changed(key, LeafPage.ValueAt(page, index), default);
        Change(_path[0]);
        LeafPage.Remove(page, index);
        Volatile.Write(ref _records, _records - 1);
        _hasSmallLeaf |= IsSmallLeaf(_path[0]);
    }

    /// <summary>Remembers runs of ascending inserts: a leaf that is filled in order is split where the run is, not in the middle.</summary>
    private static void NoteInsert(Frame* leaf, int index)
    {
        leaf->AscendingRun = index == leaf->LastInsert + 1 ? (short)Math.Min(leaf->AscendingRun + 1, 1000) : (short)0;
        leaf->LastInsert = (short)index;
    }

    private void Descend(Key key)
    {
        if (!TryDescend(key, out ulong absent))
        {
            throw new InvalidOperationException($"index page {absent} is on the path of a prepared batch but not in memory");
        }
    }

    private bool TryDescend(Key key, out ulong absent)
    {
        absent = PageMapGeometry.RootPageId;
        int frame = Find(absent);
        byte* page = _cache.PageAt(frame);
        _top = PageHeader.Level(page);
        _isRightEdge = true;
        for (int level = _top; level > 0; level--)
        {
            int index = InnerPage.Find(page, key);
            _path[level] = frame;
            _pathIndex[level] = index;
            _isRightEdge &= index == PageHeader.Count(page) - 1;
            absent = InnerPage.ChildAt(page, index);
            frame = Find(absent);
            if (frame < 0)
            {
                return false;
            }
            page = _cache.PageAt(frame);
        }
        _path[0] = frame;
        return true;
    }

    /// <summary>The writer's own lookup, of a page that Prepare has pinned or this batch has made; -1 when it is not in memory.</summary>
    private int Find(ulong pageId)
    {
        int frame = _cache.Find(pageId);
        if (frame >= 0 && _cache.At(frame)->State == FrameState.Resident)
        {
            return frame;
        }
        lock (_cache.Mutex)
        {
            return _cache.TryFindResidentLocked(pageId, out frame) ? frame : -1;
        }
    }

    /// <summary>Announces a change of a page, once a mutation: dirty, image preserved, version odd.</summary>
    private void Change(int frame)
    {
        if (!TryChange(frame))
        {
            throw new InvalidOperationException("a prepared batch ran out of frames");
        }
    }

    private bool TryChange(int frame)
    {
        Frame* at = _cache.At(frame);
        if ((at->Version & 1) != 0)
        {
            return true;
        }
        if (at->DirtyGeneration != _cache.Generation)
        {
            lock (_cache.Mutex)
            {
                if (!_cache.TryMarkDirtyLocked(frame))
                {
                    return false;
                }
            }
        }
        _cache.BeginChange(frame);
        _changing[_changingCount++] = frame;
        PageHeader.SetCsn(_cache.PageAt(frame), _csn);
        return true;
    }

    private void EndChanges()
    {
        for (int i = 0; i < _changingCount; i++)
        {
            _cache.EndChange(_changing[i]);
        }
        _changingCount = 0;
    }

    /// <summary>A new page; nobody sees it before the mutation is done.</summary>
    private int NewPage(PageKind kind, int level)
    {
        ulong pageId = _ids.Take();
        int frame;
        lock (_cache.Mutex)
        {
            if (!_cache.TryTakeLocked(FrameUse.Writer, out frame))
            {
                throw new InvalidOperationException("a prepared batch ran out of frames");
            }
            _cache.EnterNewLocked(frame, PageCache.KeyOf(PageMapGeometry.TreeSpace, pageId));
            _cache.AddDirtyLocked(frame);
        }
        byte* page = _cache.PageAt(frame);
        PageHeader.Format(page, kind, level, pageId, _volumeTag);
        PageHeader.SetCsn(page, _csn);
        _changing[_changingCount++] = frame;
        return frame;
    }

    /// <summary>A page that the tree does not hold any more; it was announced by <see cref="Change"/>, and its version stays odd.</summary>
    private void FreePage(int frame)
    {
        int at = Array.IndexOf(_changing, frame, 0, _changingCount);
        _changing[at] = _changing[--_changingCount];
        ulong pageId = PageHeader.PageId(_cache.PageAt(frame));
        lock (_cache.Mutex)
        {
            _cache.RemovePageLocked(frame);
        }
        _ids.Give(pageId);
    }
}
