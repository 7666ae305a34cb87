namespace Txlfs.Lfs.Segments;

// A volume that grows. The table grows at a checkpoint's cut, because between cuts a running checkpoint writes the image as it was.
internal sealed partial class SegmentTable
{
    private int _wantedCount;

    /// <summary>The superblock says so already: from the next checkpoint on there are so many segments, the new ones free.</summary>
    public void Grow(int count)
    {
        lock (_lock)
        {
            _wantedCount = Math.Max(_wantedCount, count);
        }
    }

    /// <summary>The next checkpoint writes the whole table.</summary>
    public void MarkAllDirty()
    {
        lock (_lock)
        {
            Array.Fill(_dirty, true);
        }
    }

    private void GrowLocked()
    {
        int added = _wantedCount - _state.Length;
        if (added <= 0)
        {
            return;
        }
        int firstChunk = _state.Length / SegmentImage.EntriesPerChunk;
        Array.Resize(ref _live, _wantedCount);
        Array.Resize(ref _state, _wantedCount);
        Array.Resize(ref _lastSequence, _wantedCount);
        Array.Resize(ref _held, _wantedCount);
        Array.Resize(ref _mayBeNamed, _wantedCount);
        Array.Resize(ref _stamp, _wantedCount);
        Array.Resize(ref _pins, _wantedCount);
        Array.Resize(ref _dirty, SegmentImage.ChunksFor(_wantedCount));
        Array.Fill(_dirty, true, firstChunk, _dirty.Length - firstChunk);
        _image = new SegmentImage(_wantedCount);
        _freeCount += added;
    }
}
