using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Checkpoint;

/// <summary>What a mount had to do.</summary>
public sealed record RecoveryReport(bool WasClean, long ReplayedFrames, long ReplayedCommits, long ReplayedBytes, ulong Csn, ulong BrokenPromise, long DurationNs);

/// <summary>
/// Newest valid checkpoint record + replay of the frames after it, in order, up to the first that is not valid. Then, unless read-only, a new
/// generation is begun by a checkpoint of its own, so that no left-over of the lost tail can ever be taken for a continuation.
/// </summary>
internal sealed class Recovery(VolumeEngine engine, IBlockDevice device, VolumeOptions options, Seams seams)
{
    private long _frames;
    private long _commits;
    private LogPosition? _end;

    /// <summary>For fsck: a segment table that cannot be read is no reason to stop, because the records say what it would.</summary>
    public bool ToleratesLostTable { get; init; }
    public bool HasLostTable { get; private set; }

    /// <summary>Segments that hold the log since the checkpoint: needed as long as there is no newer one.</summary>
    public HashSet<long> LogSegments { get; } = [];

    public async ValueTask<RecoveryReport> RunAsync()
    {
        long start = seams.Clock.MonotonicNs;
        CheckpointRecord record = await ReadNewestRecordAsync(engine, device).ConfigureAwait(false);
        long ringNs = Math.Max(1, seams.Clock.MonotonicNs - start);
        engine.SetReadSpeed((long)((double)Superblock.RingSlots * CheckpointRecord.SizeBytes * 1_000_000_000 / ringNs));
        await LoadAsync(record).ConfigureAwait(false);
        using var scanner = new LogScanner(device, record.VolumeId, record.Generation, engine.Superblock.SegmentBytes, record.Log);
        await ReplayAsync(scanner).ConfigureAwait(false);
        ulong promised = record.IsClean ? 0 : await scanner.FindBrokenPromiseAsync().ConfigureAwait(false);
        if (promised != 0)
        {
            seams.Log.Write(LogSeverity.Error, $"{device.Name} lost data that it had acknowledged as flushed: log frame {promised} was durable, but the log ends before frame {scanner.Position.NextSequence}; what is here is an earlier, consistent state");
        }
        _end = scanner.Position;
        if (!options.IsReadOnly)
        {
            await BeginAsync().ConfigureAwait(false);
        }
        return new RecoveryReport(record.IsClean && _frames == 0, _frames, _commits, scanner.ScannedBytes, engine.Csn, promised, seams.Clock.MonotonicNs - start);
    }

    /// <summary>The newest checkpoint alone, without the log behind it: for who looks beside a live volume. Nothing is written.</summary>
    public async ValueTask<CheckpointRecord> LoadNewestAsync()
    {
        CheckpointRecord record = await ReadNewestRecordAsync(engine, device).ConfigureAwait(false);
        await LoadAsync(record).ConfigureAwait(false);
        return record;
    }

    public static async ValueTask<CheckpointRecord> ReadNewestRecordAsync(VolumeEngine engine, IBlockDevice device)
    {
        CheckpointRecord? newest = null;
        NativeSlice scratch = engine.Scratch.Rent();
        try
        {
            int chunkBytes = scratch.LengthBytes / CheckpointRecord.SizeBytes * CheckpointRecord.SizeBytes;
            long end = Superblock.RingOffsetBytes + ((long)Superblock.RingSlots * CheckpointRecord.SizeBytes);
            for (long at = Superblock.RingOffsetBytes; at < end; at += chunkBytes)
            {
                NativeSlice chunk = scratch.Slice(0, (int)Math.Min(chunkBytes, end - at));
                await ReadChunkAsync(device, at, chunk).ConfigureAwait(false);
                for (int slot = 0; slot < chunk.LengthBytes; slot += CheckpointRecord.SizeBytes)
                {
                    if (CheckpointRecord.TryRead(chunk.Slice(slot, CheckpointRecord.SizeBytes).Span, engine.Superblock.VolumeId, out CheckpointRecord? record)
                        && (newest is null || record!.Number > newest.Number))
                    {
                        newest = record;
                    }
                }
            }
        }
        finally
        {
            engine.Scratch.Return(scratch);
        }
        return newest ?? throw new VolumeException(Errno.EUCLEAN, "no valid checkpoint record in the ring: the volume needs fsck --rebuild");
    }

    /// <summary>A slot that cannot be read is like one that is not valid: the others still count, so unreadable blocks are taken as zeros one by one.</summary>
    private static async ValueTask ReadChunkAsync(IBlockDevice device, long addressBytes, NativeSlice chunk)
    {
        if (await device.ReadAsync(addressBytes, chunk).ConfigureAwait(false) == 0)
        {
            return;
        }
        for (int at = 0; at < chunk.LengthBytes; at += CheckpointRecord.SizeBytes)
        {
            NativeSlice slot = chunk.Slice(at, CheckpointRecord.SizeBytes);
            if (await device.ReadAsync(addressBytes + at, slot).ConfigureAwait(false) != 0)
            {
                slot.Span.Clear();
            }
        }
    }

    private async ValueTask LoadAsync(CheckpointRecord record)
    {
        CheckPosition(record.Log, "log");
        CheckPosition(record.IndexHead, "index head");
        var table = new SegmentTableStore(engine, engine.Segments.Count);
        engine.Checkpointer.Attach(table, record.Number, record.Generation);
        engine.AttachIndexHead(new IndexHead(device, engine.Settings(record.Generation), engine.Segments, record.IndexHead));
        var image = new SegmentImage(engine.Segments.Count);
        int result = await table.LoadAsync(record.SegmentTable, image).ConfigureAwait(false);
        if (result != 0 && !ToleratesLostTable)
        {
            throw new VolumeException(-result, "the segment table cannot be read: the volume needs fsck");
        }
        HasLostTable = result != 0;
        if (HasLostTable)
        {
            engine.Checkpointer.Attach(new SegmentTableStore(engine, engine.Segments.Count), record.Number, record.Generation);
            engine.Segments.LoadUnknown();
        }
        else
        {
            engine.Segments.Load(image, table.BlobAddresses());
        }
        EnterHeads(record.Log, record.IndexHead);
        engine.Attach(IndexTree.Open(record.Index, engine.IndexOptions, engine), record.Csn, record.NextInode, (long)record.InodeCount);
    }

    private void EnterHeads(LogPosition log, LogPosition indexHead)
    {
        LogSegments.Add(log.SegmentAddressBytes);
        engine.Segments.Enter(log.SegmentAddressBytes);
        engine.Segments.Enter(indexHead.SegmentAddressBytes);
        if (log.SuccessorAddressBytes != 0)
        {
            engine.Segments.Enter(log.SuccessorAddressBytes);
        }
    }

    private void CheckPosition(LogPosition position, string what)
    {
        if (!IsSegment(position.SegmentAddressBytes) || (uint)position.OffsetBytes > (uint)engine.Superblock.SegmentBytes
            || (position.SuccessorAddressBytes != 0 && !IsSegment(position.SuccessorAddressBytes)))
        {
            throw new VolumeException(Errno.EUCLEAN, $"the checkpoint record's {what} position makes no sense: the volume needs fsck");
        }
    }

    private bool IsSegment(long addressBytes)
        => addressBytes % engine.Superblock.SegmentBytes == 0 && addressBytes > 0 && addressBytes <= engine.Superblock.SegmentCount * engine.Superblock.SegmentBytes;

    private async ValueTask ReplayAsync(LogScanner scanner)
    {
        bool hasMarkedRest = false;
        while (true)
        {
            LogPosition before = scanner.Position;
            int found = await scanner.NextAsync().ConfigureAwait(false);
            if (found < 0)
            {
                throw new VolumeException(-found, $"{device.Name} could not be read at the end of the log: without that nobody knows which operations were acknowledged");
            }
            if (found == 0)
            {
                return;
            }
            Follow(scanner);
            _frames++;
            int at = 0;
            while (at < scanner.Redo.Length)
            {
                (at, bool needsRoom) = await ReplayCommitAsync(scanner, at).ConfigureAwait(false);
                if (needsRoom)
                {
                    hasMarkedRest = await MakeRoomAsync(before, scanner.Position, hasMarkedRest).ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>The scanner has moved: its segments are the log's.</summary>
    private void Follow(LogScanner scanner)
    {
        foreach (long entered in scanner.EnteredSegments)
        {
            engine.Segments.Enter(entered);
            LogSegments.Add(entered);
        }
        foreach ((long address, ulong last) in scanner.LeftSegments)
        {
            engine.Segments.Left(LogHead.Foreground, address, last);
        }
        scanner.EnteredSegments.Clear();
        scanner.LeftSegments.Clear();
        long successor = scanner.Position.SuccessorAddressBytes;
        if (successor != 0)
        {
            if (!IsSegment(successor))
            {
                throw new VolumeException(Errno.EUCLEAN, "a log frame names a segment that does not exist: the volume needs fsck");
            }
            engine.Segments.Enter(successor);
        }
    }

    /// <summary>Replays the commit at the offset; returns where the next one begins, or the same offset and true when every page is dirty.</summary>
    private async ValueTask<(int At, bool NeedsRoom)> ReplayCommitAsync(LogScanner scanner, int at)
    {
        while (true)
        {
            int status = engine.TryReplay(scanner.Redo[at..], out CommitHeader header, out PageReference missing);
            if (status == 0)
            {
                _commits++;
                return (at + header.LengthBytes, false);
            }
            if (status == IndexTree.NoCleanFrame)
            {
                return (at, true);
            }
            int loaded = status == Op.Miss ? await engine.Tree.LoadAsync(missing).ConfigureAwait(false) : status;
            if (loaded == -Errno.EAGAIN)
            {
                return (at, true);
            }
            if (loaded != 0)
            {
                throw new VolumeException(-loaded, $"log frame {scanner.Header.Sequence} cannot be replayed (errno {-loaded}): the volume needs fsck");
            }
        }
    }

    /// <summary>
    /// The log holds more changes than the page cache: a checkpoint in the middle. Its pages must not land in segments that the rest of the log
    /// occupies and the table does not know yet, so the rest is scanned ahead once.
    /// </summary>
    /// <remarks>The record names the frame that is being replayed: its commits are replayed anew after another crash, which the CSN check skips.</remarks>
    private async ValueTask<bool> MakeRoomAsync(LogPosition frame, LogPosition rest, bool hasMarkedRest)
    {
        if (options.IsReadOnly)
        {
            throw new VolumeException(Errno.ENOMEM, "the log to replay does not fit this memory ceiling; mount read-write, or with more memory");
        }
        if (!hasMarkedRest)
        {
            using var ahead = new LogScanner(device, engine.Superblock.VolumeId, engine.Checkpointer.Generation, engine.Superblock.SegmentBytes, rest);
            while (await ahead.NextAsync().ConfigureAwait(false) == 1)
            {
                if (ahead.Position.SuccessorAddressBytes is long successor and not 0 && IsSegment(successor))
                {
                    engine.Segments.Enter(successor);
                }
            }
        }
        int result = await engine.Checkpointer.WriteAsync(frame, isClean: false).ConfigureAwait(false);
        if (result != 0)
        {
            throw new VolumeException(-result, $"a checkpoint during recovery failed with errno {-result}");
        }
        return true;
    }

    /// <summary>Makes the recovered volume writable, from where its log ended.</summary>
    public async ValueTask BeginAsync()
    {
        LogPosition position = _end ?? throw new InvalidOperationException("nothing was recovered yet");
        engine.Checkpointer.Generation = seams.Random.NextUInt64();
        engine.Segments.EndRecovery();
        int result = await engine.Checkpointer.WriteAsync(position, isClean: false).ConfigureAwait(false);
        if (engine.Segments.Damage is string damage)
        {
            throw new VolumeException(Errno.EUCLEAN, $"{device.Name}: {damage}: the volume needs fsck; it can be mounted read-only");
        }
        if (result != 0)
        {
            throw new VolumeException(-result, $"{device.Name} cannot be written (errno {-result}); mount it read-only");
        }
        engine.AttachLog(new LogWriter(device, engine.Settings(engine.Checkpointer.Generation), engine.Segments, seams, position));
    }
}
