using Txlfs.Journal;
using Txlfs.Journal.Codec;

namespace Txlfs.Lfs.Verify.Rebuild;

/// <summary>Where an image of a tree page is. A length of 0: the newest image of the page is damaged, so that an older one is only the second best.</summary>
internal record struct PageImage(ulong PageId, ulong Sequence, long AddressBytes, ulong Digest, int StoredBytes, CodecKind Codec)
{
    public bool IsUsed;

    /// <summary>A newer image was found, and found damaged.</summary>
    public bool IsStale;
}

/// <summary>The newest image of every tree page, by page id. Images come in any order; the table is sorted and thinned when it is full.</summary>
internal sealed class PageTable(int capacity)
{
    private PageImage[] _images = new PageImage[4096];
    private int _count;
    private bool _isSorted = true;

    public int Count => _count;
    public int Stale { get; private set; }

    public ref PageImage this[int index] => ref _images[index];

    public void Add(in PageImage image)
    {
        if (_count == _images.Length)
        {
            Sort();
            if (_count > _images.Length * 3 / 4)
            {
                if (_images.Length >= capacity)
                {
                    throw new VolumeException(Errno.ENOMEM, $"the device holds more than {_count} index pages; give the rebuild more memory");
                }
                Array.Resize(ref _images, Math.Min(capacity, _images.Length * 2));
            }
        }
        _images[_count++] = image;
        _isSorted = false;
    }

    /// <summary>By page id; of each the newest sound image, marked stale when a newer one was damaged.</summary>
    public void Sort()
    {
        if (_isSorted)
        {
            return;
        }
        _isSorted = true;
        _images.AsSpan(0, _count).Sort((a, b) => a.PageId != b.PageId ? a.PageId.CompareTo(b.PageId) : b.Sequence.CompareTo(a.Sequence));
        int kept = 0;
        for (int i = 0; i < _count;)
        {
            int end = i;
            int best = -1;
            bool isStale = false;
            for (; end < _count && _images[end].PageId == _images[i].PageId; end++)
            {
                best = best < 0 && _images[end].StoredBytes > 0 ? end : best;
                isStale |= best < 0 || (_images[end].IsStale && end <= best);
            }
            _images[kept] = _images[best < 0 ? i : best];
            _images[kept++].IsStale = isStale;
            i = end;
        }
        _count = kept;
        Stale = 0;
        for (int i = 0; i < _count; i++)
        {
            Stale += _images[i].IsStale ? 1 : 0;
        }
    }

    /// <summary>The index of a page's image, or -1 when there is no sound one.</summary>
    public int Find(ulong pageId)
    {
        Sort();
        int low = 0, high = _count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            ulong at = _images[middle].PageId;
            if (at == pageId)
            {
                return _images[middle].StoredBytes > 0 ? middle : -1;
            }
            (low, high) = at < pageId ? (middle + 1, high) : (low, middle - 1);
        }
        return -1;
    }
}
