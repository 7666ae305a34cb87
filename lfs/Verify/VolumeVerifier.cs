using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Verify;

/// <summary>
/// Checks a quiet volume: the index's structure, every record, the namespace (links, parents, orphans, circles), files (extents, allocated bytes) and the
/// space accounting (S1). Reads only. Memory is bounded whatever the volume holds: a few tables of fixed size, and several passes where they do not suffice.
/// </summary>
internal sealed class VolumeVerifier : IIndexObserver
{
    private readonly VolumeEngine _engine;
    private readonly FindingList _findings;
    private readonly ICheckProgress _progress;
    private readonly long[] _live;
    private readonly RecordChecker _records;
    private readonly VerifyBounds _bounds;

    public VolumeVerifier(VolumeEngine engine, FindingList findings, ICheckProgress? progress = null, VerifyBounds? bounds = null)
    {
        (_engine, _findings, _progress) = (engine, findings, progress ?? NoProgress.Instance);
        _live = new long[engine.Segments.Count];
        _records = new RecordChecker(engine, findings, _live);
        bounds ??= VerifyBounds.Offline;
        _bounds = bounds with { PageIds = Math.Min(bounds.PageIds, IdLimitOf(engine)) };
    }

    /// <summary>The live bytes of each segment as the records have them; complete when the index was readable.</summary>
    public ReadOnlySpan<long> LiveBySegment => _live;

    /// <summary>Every page could be read and lies where it belongs: the records are all there is.</summary>
    public bool IsIndexSound { get; private set; } = true;

    /// <summary>There is no table to compare with.</summary>
    public bool IsTableLost { get; init; }
    public ulong Records { get; private set; }
    public ulong Inodes => _records.Inodes;
    public long Directories => _records.Directories;
    public ulong LastInode => _records.LastInode;
    public ulong NewestBirth => _records.NewestBirth;

    /// <summary>As many page ids as the device can hold images of small pages, within what two bitmaps of 32 MiB can tell.</summary>
    public static ulong IdLimitOf(VolumeEngine engine) => Math.Min(FaultLines.IdLimit, Math.Max(1UL << 20, (ulong)engine.Superblock.DeviceBytes / 256));

    public async ValueTask RunAsync()
    {
        (bool isIdle, ulong number) = (!_engine.Segments.IsInCheckpoint, _engine.Checkpointer.Number);
        _progress.Begin(CheckPass.Index, (long)_engine.Tree.Records);
        Records = await _engine.Tree.VerifyAsync(this, _bounds.PageIds).ConfigureAwait(false);
        await _records.EndAsync().ConfigureAwait(false);
        if (!IsIndexSound)
        {
            _findings.Add(new Finding(FindingKind.NotChecked, FindingSeverity.Notice, Remedy.None, "names, links and space were not checked, because records are missing as long as the index is damaged"));
            return;
        }
        _progress.Begin(CheckPass.Names, (long)_records.Inodes);
        await new LinkChecker(_engine, _findings, _bounds).RunAsync(CountAsync).ConfigureAwait(false);
        await new CycleChecker(_engine, _findings, _bounds).RunAsync().ConfigureAwait(false);

        // A checkpoint moves pages while it is looked at: then the sums are not of one moment.
        bool isExact = isIdle && !_engine.Segments.IsInCheckpoint && number == _engine.Checkpointer.Number;
        CheckSegments(isExact);
    }

    private ValueTask CountAsync(ulong inodes)
    {
        _progress.Advance((long)inodes);
        return ValueTask.CompletedTask;
    }

    void IIndexObserver.Fault(in IndexFault fault)
    {
        (FindingKind kind, Remedy remedy) = fault.Kind switch
        {
            IndexFaultKind.Unreadable => (FindingKind.IndexPage, Remedy.Rebuild),
            IndexFaultKind.Structure => (FindingKind.IndexStructure, Remedy.Rebuild),
            IndexFaultKind.RecordCount => (FindingKind.IndexRecordCount, Remedy.Certain),
            IndexFaultKind.FreeList => (FindingKind.FreeList, Remedy.Rebuild),
            _ => (FindingKind.PageMap, Remedy.Rebuild),
        };
        bool isLoss = fault.Kind is IndexFaultKind.Unreadable or IndexFaultKind.Structure;
        IsIndexSound &= !isLoss;
        _findings.Add(new Finding(kind, isLoss ? FindingSeverity.Loss : FindingSeverity.Error, remedy, fault.Text));
    }

    void IIndexObserver.Stored(int space, ulong pageId, in PagePointer pointer)
    {
        long index = ((long)pointer.AddressBytes / _engine.Superblock.SegmentBytes) - 1;
        if (index < 0 || index >= _live.Length)
        {
            _findings.Add(new Finding(FindingKind.PageMap, FindingSeverity.Error, Remedy.Rebuild, $"page {pageId} of space {space} is said to be outside of the segments") { AddressBytes = (long)pointer.AddressBytes });
            return;
        }
        _live[index] += pointer.StoredLengthBytes;
    }

    ValueTask IIndexObserver.LeafAsync(byte[] page)
    {
        _progress.Advance(RecordsOf(page));
        return _records.LeafAsync(page);
    }

    private static unsafe int RecordsOf(byte[] bytes)
    {
        fixed (byte* page = bytes)
        {
            return LeafPage.Count(page);
        }
    }

    private void CheckSegments(bool isExact)
    {
        if (IsTableLost)
        {
            return;
        }
        for (int i = 0; i < _live.Length; i++)
        {
            (SegmentState state, long live, _, _) = _engine.Segments[i];
            long address = _engine.Superblock.SegmentAddress(i);
            if (isExact ? _live[i] != live : _live[i] > live && state == SegmentState.Free)
            {
                _findings.Add(new Finding(FindingKind.SegmentLive, FindingSeverity.Error, Remedy.Certain, $"segment {i} counts {live} live bytes, the records have {_live[i]}") { AddressBytes = address });
            }
            if (state == SegmentState.Free && (live != 0 || _live[i] != 0))
            {
                _findings.Add(new Finding(FindingKind.SegmentLive, FindingSeverity.Error, Remedy.Certain, $"segment {i} is free and has {_live[i]} live bytes") { AddressBytes = address });
            }
        }
    }
}
