namespace Txlfs.Lfs.Index;

/// <summary>Growing: leaf and inner splits, and one more level. The root keeps its page id for ever; its content moves down instead.</summary>
internal sealed unsafe partial class IndexTree
{
    /// <summary>So many inserts in ascending order make a run.</summary>
    private const int MinAscendingRun = 4;

    /// <summary>Splits the leaf of the path, which has no room, and inserts the record.</summary>
    private void SplitLeaf(int index, Key key, ReadOnlySpan<byte> value)
    {
        MakeRoomAbove(0);
        int left = _path[0];
        byte* leftPage = _cache.PageAt(left);
        int right = NewPage(PageKind.Leaf, 0);
        byte* rightPage = _cache.PageAt(right);
        int count = PageHeader.Count(leftPage);
        int split = ChooseSplit(left, index, value.Length, out bool isNewLeft);
        LeafPage.AppendRange(rightPage, leftPage, split, count);
        LeafPage.Truncate(leftPage, split);
        if (isNewLeft)
        {
            LeafPage.Insert(leftPage, index, key, value);
        }
        else
        {
            LeafPage.Insert(rightPage, index - split, key, value);
            _cache.At(right)->LastInsert = (short)(index - split);
            _cache.At(right)->AscendingRun = _cache.At(left)->AscendingRun;
        }
        _cache.At(left)->AscendingRun = isNewLeft ? _cache.At(left)->AscendingRun : (short)0;
        InsertAbove(0, LeafPage.KeyAt(rightPage, 0), right);
        Counters.Splits++;
    }

    /// <summary>
    /// Where to split: records from the result on move right. At the end of the tree, and in a run of ascending inserts, the left leaf
    /// stays as full as it is; otherwise the cut nearest to the middle is taken, so that both sides have a record and room.
    /// </summary>
    private int ChooseSplit(int leaf, int index, int valueLengthBytes, out bool isNewLeft)
    {
        byte* page = _cache.PageAt(leaf);
        int count = PageHeader.Count(page);
        int newBytes = LeafPage.RecordBytes(valueLengthBytes);
        bool isRun = _cache.At(leaf)->AscendingRun >= MinAscendingRun;
        if (index == count && (isRun || _isRightEdge))
        {
            isNewLeft = false;
            return count;
        }
        if (isRun && index > 0)
        {
            isNewLeft = BytesBefore(page, index) + newBytes <= PageLayout.LeafCapacityBytes;
            return index;
        }
        int half = (LeafPage.UsedBytes(page) + newBytes) / 2;
        int leftBytes = 0;
        for (int place = 0; ; place++)
        {
            // Places count the new record too: it is at place index, and those behind it are one further.
            int bytes = place == index ? newBytes : LeafPage.RecordBytes(LeafPage.ValueAt(page, place < index ? place : place - 1).Length);
            if (leftBytes + bytes >= half)
            {
                int cut = leftBytes + bytes - half <= half - leftBytes ? place + 1 : place;
                isNewLeft = cut > index;
                return isNewLeft ? cut - 1 : cut;
            }
            leftBytes += bytes;
        }
    }

    private static int BytesBefore(byte* page, int index)
    {
        int bytes = 0;
        for (int i = 0; i < index; i++)
        {
            bytes += LeafPage.RecordBytes(LeafPage.ValueAt(page, i).Length);
        }
        return bytes;
    }

    /// <summary>Makes sure that the parent of the page at this level exists and can take one more child.</summary>
    private void MakeRoomAbove(int level)
    {
        if (level == _top)
        {
            GrowRoot();
        }
        int parent = _path[level + 1];
        if (!InnerPage.IsFull(_cache.PageAt(parent)))
        {
            Change(parent);
            return;
        }
        SplitInner(level + 1);
    }

    /// <summary>Splits the inner page of the path at this level; the path then leads through the half that holds the old path's child.</summary>
    private void SplitInner(int level)
    {
        MakeRoomAbove(level);
        int left = _path[level];
        Change(left);
        byte* leftPage = _cache.PageAt(left);
        int right = NewPage(PageKind.Inner, level);
        byte* rightPage = _cache.PageAt(right);
        int count = PageHeader.Count(leftPage);
        int split = _pathIndex[level] == count - 1 ? count - 1 : count / 2;
        Key separator = InnerPage.KeyAt(leftPage, split);
        InnerPage.AppendRange(rightPage, leftPage, split, count, separator);
        InnerPage.Truncate(leftPage, split);
        InsertAbove(level, separator, right);
        if (_pathIndex[level] >= split)
        {
            _path[level] = right;
            _pathIndex[level] -= split;
            _pathIndex[level + 1]++;
        }
        Counters.Splits++;
    }

    /// <summary>Enters a new right neighbour of the path's page at this level into its parent, which has room and is announced.</summary>
    private void InsertAbove(int level, Key separator, int right)
        => InnerPage.Insert(_cache.PageAt(_path[level + 1]), _pathIndex[level + 1] + 1, separator, PageHeader.PageId(_cache.PageAt(right)));

    /// <summary>The root's content moves to a new page, and the root becomes an inner page with that one child.</summary>
    private void GrowRoot()
    {
        int root = _path[_top];
        Change(root);
        byte* rootPage = _cache.PageAt(root);
        int child = NewPage(PageHeader.Kind(rootPage), _top);
        PageHeader.CopyContent(_cache.PageAt(child), rootPage);
        _cache.At(child)->LastInsert = _cache.At(root)->LastInsert;
        _cache.At(child)->AscendingRun = _cache.At(root)->AscendingRun;
        _path[_top] = child;
        _top++;
        PageHeader.Format(rootPage, PageKind.Inner, _top, PageMapGeometry.RootPageId, _volumeTag);
        PageHeader.SetCsn(rootPage, _csn);
        InnerPage.Insert(rootPage, 0, default, PageHeader.PageId(_cache.PageAt(child)));
        _path[_top] = root;
        _pathIndex[_top] = 0;
    }
}
