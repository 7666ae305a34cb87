namespace Txlfs.Lfs.Segments;

// For fsck: a table that may be wrong, and its correction.
internal sealed partial class SegmentTable
{
    /// <summary>The counts are not trusted: nobody is told that one falls below zero, because all of them will be set anew.</summary>
    public bool IsRecounting { get; set; }

    /// <summary>A checkpoint has frozen its image and is not durable yet.</summary>
    public bool IsInCheckpoint
    {
        get
        {
            lock (_lock)
            {
                return _hasImage;
            }
        }
    }

    /// <summary>There is no table that could be read: nothing is free before it is known to be.</summary>
    public void LoadUnknown()
    {
        lock (_lock)
        {
            Array.Fill(_state, SegmentState.Used);
            Array.Fill(_dirty, true);
            _freeCount = 0;
        }
    }

    /// <summary>
    /// Sets a segment's live bytes to what the records have. A free one that has some is used; one that has none is free only if it was, or if
    /// <paramref name="mayFree"/>: nothing of it can be needed, not even by the log.
    /// </summary>
    public void Correct(int index, long liveBytes, bool mayFree)
    {
        lock (_lock)
        {
            _usedBytes += Math.Min(liveBytes, SegmentBytes) - Math.Min(_live[index], SegmentBytes);
            _live[index] = liveBytes;
            if (_state[index] == SegmentState.Free && liveBytes != 0)
            {
                SetState(index, SegmentState.Used, inImage: false);
            }
            else if (mayFree && liveBytes == 0 && _state[index] == SegmentState.Used && _pins[index] == 0)
            {
                SetState(index, SegmentState.Free, inImage: false);
            }
            MarkDirty(index, inImage: false);
        }
    }
}
