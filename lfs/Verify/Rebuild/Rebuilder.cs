using System.Globalization;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Verify.Rebuild;

/// <summary>
/// Makes a new index out of what is on the device: the newest images of its pages, then the commits of the log behind them. Scan -> Pages -> Marked (what is
/// needed) -> Restored -> one checkpoint record, the first thing that changes what the volume is. Until then only segments in which nothing needed lies are written,
/// so a crash, or a failure, leaves everything for another attempt.
/// </summary>
internal sealed class Rebuilder : IDisposable
{
    private const int MaxHoles = 65_536;

    private readonly IBlockDevice _device;
    private readonly Superblock _superblock;
    private readonly Seams _seams;
    private readonly ICheckProgress _progress;
    private readonly CheckpointRecord? _record;
    private readonly VolumeEngine _engine;
    private readonly FrameReader _reader;
    private readonly DeviceScan _scan;
    private readonly PageTable _pages;
    private readonly PageScan _images;
    private readonly LogReplay _replay;
    private readonly ulong _volumeTag;
    private readonly bool[] _isNeeded;
    private readonly List<PageVisit> _holes = [];
    private readonly List<int> _spares = [];
    private long _records;
    private long _leaves;
    private long _dropped;

    public Rebuilder(IBlockDevice device, Superblock superblock, CheckpointRecord? record, CheckOptions options, Seams seams)
    {
        (_device, _superblock, _seams, _progress, _record) = (device, superblock, seams, options.Progress, record);

        // A third for the engine that builds; the tables of frames and pages have bounds of their own.
        var volumeOptions = new VolumeOptions { MemoryBytes = Math.Max(MemoryShares.MinBytes, options.MemoryBytes / 3), CheckpointIntervalMs = int.MaxValue };
        _engine = new VolumeEngine(device, superblock, volumeOptions, seams);
        _reader = new FrameReader(device, superblock);
        _scan = new DeviceScan(superblock, _reader, options.Progress);
        _pages = new PageTable((int)Math.Clamp(options.MemoryBytes / 3 / 48, 1 << 16, 1 << 24));
        _volumeTag = _engine.IndexOptions.VolumeTag;
        _images = new PageScan(superblock, _scan, _reader, _pages, _volumeTag, options.Progress);
        _replay = new LogReplay(_engine, _scan, _reader);
        _isNeeded = new bool[superblock.SegmentCount];
    }

    /// <summary>What was found and done, for people.</summary>
    public string Summary { get; private set; } = "";

    public async ValueTask RunAsync()
    {
        await _scan.RunAsync().ConfigureAwait(false);
        await _images.RunAsync().ConfigureAwait(false);
        _pages.Sort();
        if (_pages.Count == 0)
        {
            throw new VolumeException(Errno.EUCLEAN, $"{_device.Name}: no page of an index is left on the device: there is nothing to rebuild from");
        }
        await MarkLeavesAsync().ConfigureAwait(false);
        _replay.Find(_images.NewestCsn, goesBack: _holes.Count > 0 || _pages.Stale > 0);
        await MarkLogAsync().ConfigureAwait(false);
        ulong number = Math.Max(_images.NewestCheckpoint, _record?.Number ?? 0) + 1;
        Begin(number);
        await RestoreLeavesAsync(number).ConfigureAwait(false);
        await RestoreSparesAsync(number).ConfigureAwait(false);
        await _replay.RestoreAsync(number, unplaced =>
        {
            _dropped += unplaced;
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
        await EndAsync().ConfigureAwait(false);
        Summary = string.Create(CultureInfo.InvariantCulture, $"the index was rebuilt from {_leaves} leaf pages with {_records} records and {_replay.Commits} commits of the log behind them")
            + (_holes.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {_holes.Count} ranges of it had no page, and were filled from {_spares.Count} older ones") : "")
            + (_pages.Stale > 0 ? string.Create(CultureInfo.InvariantCulture, $"; of {_pages.Stale} pages only an older image was sound") : "")
            + (_dropped > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {_dropped} records made no sense and were left out") : "");
    }

    private async ValueTask MarkLeavesAsync()
    {
        var walk = new ImageWalk(_engine, _pages, _volumeTag);
        ImageStep step;
        while ((step = await walk.NextAsync().ConfigureAwait(false)) != ImageStep.End)
        {
            if (step == ImageStep.Leaf)
            {
                MarkLeaf(walk.Page);
            }
            else if (_holes.Count < MaxHoles)
            {
                _holes.Add(walk.At);
            }
            else
            {
                // One hole from here to there: what lies between is looked for among the spares too, and what is newer wins.
                _holes[^1] = _holes[^1] with { High = walk.At.High, HasHigh = walk.At.HasHigh };
            }
        }
        for (int i = 0; i < _pages.Count; i++)
        {
            if (_pages[i].StoredBytes > 0 && (_pages[i].IsUsed || _holes.Count > 0))
            {
                Need(_pages[i].AddressBytes);
                if (!_pages[i].IsUsed)
                {
                    _spares.Add(i);
                }
            }
        }
        _spares.Sort((a, b) => _pages[a].Sequence.CompareTo(_pages[b].Sequence));
        foreach (int spare in _spares)
        {
            if (await walk.ReadAsync(_pages[spare]).ConfigureAwait(false))
            {
                MarkLeaf(walk.Page);
            }
        }
    }

    private void Need(long addressBytes)
    {
        long index = (addressBytes / _superblock.SegmentBytes) - 1;
        if (index >= 0 && index < _isNeeded.Length)
        {
            _isNeeded[index] = true;
        }
    }

    private unsafe void MarkLeaf(byte[] bytes)
    {
        fixed (byte* page = bytes)
        {
            for (int i = 0, count = PageHeader.Level(page) == 0 ? LeafPage.Count(page) : 0; i < count; i++)
            {
                MarkRecord(LeafPage.KeyAt(page, i), LeafPage.ValueAt(page, i));
            }
        }
    }

    private void MarkRecord(Key key, ReadOnlySpan<byte> value)
    {
        if (key.Kind == RecordKind.Extent && ExtentRecord.LiveBytes(value) > 0)
        {
            Need(ExtentRecord.Address(value));
        }
    }

    private async ValueTask MarkLogAsync()
    {
        foreach (FrameRef frame in _replay.Frames)
        {
            Need(frame.AddressBytes);
        }
        await _replay.ForEachAsync((_, decoded) =>
        {
            foreach (ref readonly Mutation mutation in decoded.Mutations)
            {
                if (!mutation.IsDelete)
                {
                    MarkRecord(mutation.Key, decoded.Value(mutation));
                }
            }
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
    }

    private void Begin(ulong number)
    {
        _progress.Begin(CheckPass.Rebuild, _pages.Count);
        _engine.Segments.LoadUnknown();
        for (int i = 0; i < _isNeeded.Length; i++)
        {
            if (!_isNeeded[i])
            {
                _engine.Segments.Correct(i, 0, mayFree: true);
            }
        }
        _engine.Segments.IndexReserve = 0;
        LogPosition index = Take(LogHead.Index, _scan.Index.LastSequence + 1);
        _engine.Checkpointer.Attach(new SegmentTableStore(_engine, _engine.Segments.Count), number, _seams.Random.NextUInt64());
        _engine.AttachIndexHead(new IndexHead(_device, _engine.Settings(_engine.Checkpointer.Generation), _engine.Segments, index));
        ulong csn = Math.Max(_images.NewestCsn, 1);
        _engine.Attach(IndexTree.Create(_engine.IndexOptions, _engine), csn, Math.Max(_record?.NextInode ?? 0, _replay.NextInode), 0);
    }

    private LogPosition Take(LogHead head, ulong sequence)
        => _engine.Segments.TryTake(head, out long address)
            ? new LogPosition(address, 0, sequence, new byte[Checksum.MaxWidthBytes], 0)
            : throw new VolumeException(Errno.ENOSPC, $"{_device.Name}: no segment is left in which nothing is needed: the new index has no room, and what is there was not overwritten");

    private async ValueTask RestoreLeavesAsync(ulong number)
    {
        var walk = new ImageWalk(_engine, _pages, _volumeTag);
        ImageStep step;
        while ((step = await walk.NextAsync().ConfigureAwait(false)) != ImageStep.End)
        {
            _progress.Advance(1);
            for (int at = 0; step == ImageStep.Leaf && at >= 0;)
            {
                at = Fill(walk.Page, at, walk.At);
                await PutAsync(number).ConfigureAwait(false);
            }
            _leaves += step == ImageStep.Leaf ? 1 : 0;
        }
    }

    private async ValueTask PutAsync(ulong number)
    {
        _records += _engine.RestoreBatch.Count;
        if (_engine.RestoreBatch.Count > 0)
        {
            await _engine.RestoreAsync(_engine.Csn, _engine.NextInode, number).ConfigureAwait(false);
        }
    }

    /// <summary>Puts the leaf's records from an index on that lie in the range into the batch; the index to go on with, or -1.</summary>
    private unsafe int Fill(byte[] bytes, int from, in PageVisit range)
    {
        MutationBatch batch = _engine.RestoreBatch;
        batch.Clear();
        fixed (byte* page = bytes)
        {
            int count = LeafPage.Count(page);
            for (int i = from; i < count; i++)
            {
                if (batch.RoomMutations == 0)
                {
                    return i;
                }
                Key key = LeafPage.KeyAt(page, i);
                ReadOnlySpan<byte> value = LeafPage.ValueAt(page, i);
                if (key < range.Low || (range.HasHigh && key >= range.High))
                {
                    continue;
                }
                if (LogReplay.IsPlaced(_engine, key, value))
                {
                    batch.Put(key, value, BitConverter.ToUInt64(value));
                }
                else
                {
                    _dropped++;
                }
            }
        }
        return -1;
    }

    /// <summary>
    /// Older pages, and pages that nothing leads to any more, for the ranges that have none: from the oldest to the newest, and of one record the version born last.
    /// </summary>
    private async ValueTask RestoreSparesAsync(ulong number)
    {
        var reader = new ImageWalk(_engine, _pages, _volumeTag);
        foreach (int spare in _spares)
        {
            if (!await reader.ReadAsync(_pages[spare]).ConfigureAwait(false) || !IsLeaf(reader.Page))
            {
                continue;
            }
            foreach (PageVisit hole in _holes)
            {
                for (int at = 0; at >= 0;)
                {
                    at = Fill(reader.Page, at, hole);
                    await DropOlderAsync().ConfigureAwait(false);
                    await PutAsync(number).ConfigureAwait(false);
                }
            }
        }
    }

    private static unsafe bool IsLeaf(byte[] bytes)
    {
        fixed (byte* page = bytes)
        {
            return PageHeader.Level(page) == 0;
        }
    }

    /// <summary>Takes records out of the batch whose key has a later version in the new index already.</summary>
    private async ValueTask DropOlderAsync()
    {
        Key[] keys = [.. _engine.RestoreBatch.Mutations.ToArray().Select(mutation => mutation.Key)];
        byte[][] values = [.. _engine.RestoreBatch.Mutations.ToArray().Select(mutation => _engine.RestoreBatch.Value(mutation).ToArray())];
        _engine.RestoreBatch.Clear();
        for (int i = 0; i < keys.Length; i++)
        {
            OpResult<ulong> there = await _engine.ReadAsync<BirthProbe, ulong>(new BirthProbe(keys[i])).ConfigureAwait(false);
            if (!there.IsOk || there.Value < BitConverter.ToUInt64(values[i]))
            {
                _engine.RestoreBatch.Put(keys[i], values[i], BitConverter.ToUInt64(values[i]));
            }
        }
    }

    /// <summary>Everything is there: the record makes it the volume.</summary>
    private async ValueTask EndAsync()
    {
        LogPosition log = Take(LogHead.Foreground, Math.Max(_scan.Log.LastSequence, _record?.Log.NextSequence ?? 0) + 1);
        int result = await _engine.Checkpointer.WriteAsync(log, isClean: false).ConfigureAwait(false);
        if (result != 0)
        {
            throw new VolumeException(-result, $"{_device.Name}: the checkpoint of the new index cannot be written: errno {-result}");
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _engine.Dispose();
    }

    private readonly struct BirthProbe(Key key) : IReadBody<ulong>
    {
        [System.Runtime.CompilerServices.SkipLocalsInit]
        public int Run(ref ReadContext context, out ulong result)
        {
            Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
            int status = context.Get(key, buffer, out _);
            result = BitConverter.ToUInt64(buffer);
            return status;
        }
    }
}
