namespace Txlfs.Lfs.Index;

/// <summary>Shrinking: empty pages go, small ones are merged with a sibling that happens to be in memory, a root with one child takes its place.</summary>
internal sealed unsafe partial class IndexTree
{
    private const int SmallLeafBytes = PageLayout.LeafCapacityBytes / 3;
    private const int MergedLeafBytes = PageLayout.LeafCapacityBytes * 85 / 100;
    private const int SmallInnerEntries = PageLayout.MaxInnerEntries / 3;
    private const int MergedInnerEntries = PageLayout.MaxInnerEntries * 85 / 100;

    private bool _hasSmallLeaf;

    private bool IsSmallLeaf(int frame)
    {
        byte* page = _cache.PageAt(frame);
        return PageHeader.Count(page) == 0 || LeafPage.UsedBytes(page) < SmallLeafBytes;
    }

    /// <summary>
    /// Takes away what a batch has emptied, after all of it: a leaf that went in the middle of it would leave its keys to a neighbour which nobody
    /// has prepared, and the batch may have more of them.
    /// </summary>
    private void ShrinkLeaves(MutationBatch batch)
    {
        foreach (ref readonly Mutation mutation in batch.Mutations)
        {
            if (mutation.IsDelete && TryDescend(mutation.Key, out _) && IsSmallLeaf(_path[0]) && IsPathChangeable())
            {
                Change(_path[0]);
                Shrink(0);
                EndChanges();
            }
        }
    }

    /// <summary>Every page of the path is one that Prepare has counted, or is dirty already, so that its change takes no frame.</summary>
    private bool IsPathChangeable()
    {
        for (int level = 0; level <= _top; level++)
        {
            Frame* at = _cache.At(_path[level]);
            if (at->PrepareStamp != _prepareStamp && at->DirtyGeneration != _cache.Generation)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The page of the path at this level has lost something.</summary>
    private void Shrink(int level)
    {
        byte* page = _cache.PageAt(_path[level]);
        int count = PageHeader.Count(page);
        if (level == _top)
        {
            ShrinkRoot(page, count);
            return;
        }
        if (count == 0)
        {
            RemoveFromParent(level, _path[level], _pathIndex[level + 1]);
            return;
        }
        bool isSmall = level == 0 ? LeafPage.UsedBytes(page) < SmallLeafBytes : count < SmallInnerEntries;
        if (isSmall)
        {
            TryMerge(level);
        }
    }

    private void RemoveFromParent(int level, int frame, int index)
    {
        int parent = _path[level + 1];
        Change(parent);
        InnerPage.Remove(_cache.PageAt(parent), index);
        FreePage(frame);
        Shrink(level + 1);
    }

    private void ShrinkRoot(byte* page, int count)
    {
        if (_top == 0 || count > 1)
        {
            return;
        }
        if (count == 0)
        {
            PageHeader.Format(page, PageKind.Leaf, 0, PageMapGeometry.RootPageId, _volumeTag);
            PageHeader.SetCsn(page, _csn);
            _top = 0;
            return;
        }
        if (TryChangeOther(InnerPage.ChildAt(page, 0), _top - 1, int.MaxValue, out int child))
        {
            PageHeader.CopyContent(page, _cache.PageAt(child));
            PageHeader.SetCsn(page, _csn);
            _top--;
            FreePage(child);
            ShrinkRoot(page, PageHeader.Count(page));
        }
    }

    /// <summary>Merges with the right or the left sibling, when one is in memory and both fit in one page with room to spare.</summary>
    private void TryMerge(int level)
    {
        int index = _pathIndex[level + 1];
        byte* parent = _cache.PageAt(_path[level + 1]);
        int page = _path[level];
        int room = level == 0 ? MergedLeafBytes - LeafPage.UsedBytes(_cache.PageAt(page)) : MergedInnerEntries - PageHeader.Count(_cache.PageAt(page));
        if (index + 1 < PageHeader.Count(parent) && TryChangeOther(InnerPage.ChildAt(parent, index + 1), level, room, out int right))
        {
            Merge(level, page, right, index + 1);
        }
        else if (index > 0 && TryChangeOther(InnerPage.ChildAt(parent, index - 1), level, room, out int left))
        {
            Merge(level, left, page, index);
        }
    }

    /// <summary>Moves all of the right page into the left one and removes the right one, whose place in the parent is <paramref name="rightIndex"/>.</summary>
    private void Merge(int level, int left, int right, int rightIndex)
    {
        byte* leftPage = _cache.PageAt(left);
        byte* rightPage = _cache.PageAt(right);
        int count = PageHeader.Count(rightPage);
        if (level == 0)
        {
            LeafPage.AppendRange(leftPage, rightPage, 0, count);
        }
        else
        {
            InnerPage.AppendRange(leftPage, rightPage, 0, count, InnerPage.KeyAt(_cache.PageAt(_path[level + 1]), rightIndex));
        }
        Counters.Merges++;
        RemoveFromParent(level, right, rightIndex);
    }

    /// <summary>
    /// Announces a change of a page that is not on the batch's paths, if it is in memory, of the right level, holds at most
    /// <paramref name="room"/> (bytes or entries), and needs no image preserved: the frames set aside are for the pages on the paths.
    /// </summary>
    private bool TryChangeOther(ulong pageId, int level, int room, out int frame)
    {
        lock (_cache.Mutex)
        {
            if (!_cache.TryFindResidentLocked(pageId, out frame))
            {
                return false;
            }
            byte* page = _cache.PageAt(frame);
            int used = level == 0 ? LeafPage.UsedBytes(page) : PageHeader.Count(page);
            if (PageHeader.Level(page) != level || used > room || _cache.NeedsImage(frame))
            {
                return false;
            }
            _cache.TryMarkDirtyLocked(frame);
        }
        // Dirty now, so it stays.
        Change(frame);
        return true;
    }
}
