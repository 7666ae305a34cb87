using Txlfs.Journal;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Cleaner;

/// <summary>What has been cleaned since the mount.</summary>
internal sealed class CleanerCounters
{
    public long Rounds, Victims, VictimLiveBytes, IndexPasses;
}

/// <summary>
/// One round: choose victims, read their extent tables, ask the index what lives, move it. After it a checkpoint frees what has died.
/// Nothing here is needed for correctness by anything else: a round that ends anywhere leaves records that name sound bytes.
/// </summary>
internal sealed class CleaningRound(VolumeEngine engine, ColdHead cold, IVictimPolicy policy) : IDisposable
{
    /// <summary>One pass over the index for so many segments at once.</summary>
    private const int PassVictims = 8;

    private readonly VictimChooser _chooser = new(engine, policy);
    private readonly SegmentScanner _scanner = new(engine);
    private readonly LivenessScan _liveness = new(engine);
    private readonly PageRelocator _pageRelocator = new(engine);
    private readonly Victims _victims = new();
    private readonly LiveList _live = new();
    private readonly List<FoundTag> _data = [];
    private readonly List<FoundTag> _pages = [];
    private readonly List<MoveUnit> _units = [];

    /// <summary>What each victim's live records add up to, to be compared with what the segment table says.</summary>
    private readonly Dictionary<int, long> _found = [];
    private readonly HashSet<int> _indexVictims = [];

    public Relocator Relocator { get; } = new(engine, cold);
    public CleanerCounters Counters { get; } = new();

    /// <summary>0: something was moved; -ENOENT: no segment is worth it; other negative errno: nothing more can be done now.</summary>
    public async ValueTask<int> RunAsync(long minGainBytes, long budgetBytes, bool isUrgent, bool wantsPass, Action afterFrame)
    {
        _chooser.Choose(_victims, minGainBytes, budgetBytes, isUrgent, Relocator.Unreadable);
        bool isPass = wantsPass || _chooser.NeedPassCount >= PassVictims || (_victims.Count == 0 && isUrgent);
        if (isPass)
        {
            _chooser.ChooseForPass(_victims, minGainBytes, PassVictims, Relocator.Unreadable);
        }
        if (_victims.Count == 0)
        {
            return -Errno.ENOENT;
        }
        Counters.Rounds++;
        Counters.Victims += _victims.Count;
        foreach (int segment in _victims.Segments)
        {
            Counters.VictimLiveBytes += engine.Segments[segment].LiveBytes;
        }
        int result = isPass ? await ListByIndexAsync(minGainBytes).ConfigureAwait(false) : await ListByTagsAsync().ConfigureAwait(false);
        result = result != 0 ? result : await Relocator.RunAsync(_live, _victims, afterFrame).ConfigureAwait(false);
        if (result is 0 or -Errno.EAGAIN or -Errno.ENOSPC)
        {
            int pages = await _pageRelocator.RunAsync(_pages).ConfigureAwait(false);
            result = pages is not 0 and not -Errno.ENOSPC ? pages : result != 0 ? result : pages;
        }
        if (result is -Errno.EAGAIN or -Errno.ENOSPC)
        {
            // The next checkpoint makes room to move into; what was moved so far is moved.
            _chooser.Excuse(_victims);
            result = 0;
        }
        return result;
    }

    private async ValueTask<int> ListByTagsAsync()
    {
        _live.Clear();
        _data.Clear();
        _pages.Clear();
        _indexVictims.Clear();
        foreach (int segment in _victims.Segments)
        {
            int before = _pages.Count;
            int read = await _scanner.ReadAsync(segment, _data, _pages).ConfigureAwait(false);
            if (read == -Errno.EIO)
            {
                Relocator.Unreadable.Add(segment);
            }
            if (_pages.Count > before)
            {
                _indexVictims.Add(segment);
            }
        }
        _data.Sort();
        int result = await _liveness.ByTagsAsync(_data, _victims, _live).ConfigureAwait(false);
        if (result == 0)
        {
            SetIncompleteAside();
        }
        return result;
    }

    private async ValueTask<int> ListByIndexAsync(long minGainBytes)
    {
        Counters.IndexPasses++;
        _live.Clear();
        _pages.Clear();
        int result = await _liveness.ByIndexAsync(_victims, _live).ConfigureAwait(false);
        while (result == 0 && _live.IsFull && _victims.Count > 1)
        {
            // Too many records for one round: fewer segments, so that each of these is seen whole and what is shared stays shared.
            _victims.Remove(_victims.Segments.Last());
            _live.Clear();
            result = await _liveness.ByIndexAsync(_victims, _live).ConfigureAwait(false);
        }
        if (result == 0 && !_live.IsFull)
        {
            SetFullAside(minGainBytes);
        }
        return result;
    }

    /// <summary>Now that all records of these victims are known, so is what they occupy: bytes that are shared count once.</summary>
    private void SetFullAside(long minGainBytes)
    {
        _found.Clear();
        _live.SortByAddress();
        MoveUnits.Build(_live, _units);
        foreach (MoveUnit unit in _units)
        {
            int segment = _live[unit.First].Segment;
            _found[segment] = _found.GetValueOrDefault(segment) + unit.StoredBytes;
        }
        foreach (int segment in _victims.Segments.ToArray())
        {
            if (engine.Segments.SegmentBytes - _found.GetValueOrDefault(segment) < minGainBytes)
            {
                _chooser.MarkFull(segment);
                _live.RemoveAll(record => record.Segment == segment);
                _victims.Remove(segment);
            }
        }
    }

    /// <summary>
    /// A victim with more live bytes than its tags led to has bytes that others share, or that were shifted in their file. Moving only what was found would
    /// double what is shared, so nothing of it is moved before all its records are known.
    /// </summary>
    private void SetIncompleteAside()
    {
        _found.Clear();
        for (int i = 0; i < _live.Count; i++)
        {
            _found[_live[i].Segment] = _found.GetValueOrDefault(_live[i].Segment) + ExtentRecord.LiveBytes(_live.Value(i));
        }
        foreach (int segment in _victims.Segments.ToArray())
        {
            bool isComplete = _found.GetValueOrDefault(segment) >= engine.Segments[segment].LiveBytes;
            if (isComplete || _indexVictims.Contains(segment) || (_live.IsFull && _victims.Count == 1))
            {
                continue;
            }
            if (!_live.IsFull)
            {
                _chooser.MarkNeedsPass(segment);
            }
            _live.RemoveAll(record => record.Segment == segment);
            _victims.Remove(segment);
        }
    }

    public void Dispose() => Relocator.Dispose();
}
