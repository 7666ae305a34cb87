using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Checkpoint;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Segments;
using Txlfs.Lfs.Verify;

namespace Txlfs.Lfs.Inspect;

/// <summary>Which part of a volume to print.</summary>
public enum DumpPart { Superblock, Checkpoints, Segments, Frames, Index }

/// <summary>Looks at a volume without changing it, for <c>txlfs info</c> and <c>txlfs dump</c>. Errors are <see cref="VolumeException"/>s.</summary>
public static class VolumeInspector
{
    public static async ValueTask<VolumeInfo> ReadInfoAsync(IBlockDevice device, Seams seams)
    {
        Superblock superblock = await SuperblockReader.ReadAsync(device, seams).ConfigureAwait(false);
        using VolumeEngine engine = NewEngine(device, superblock, seams);
        CheckpointRecord record = await Recovery.ReadNewestRecordAsync(engine, device).ConfigureAwait(false);
        await LoadTableAsync(engine, device, record).ConfigureAwait(false);
        return new VolumeInfo(
            superblock.Uuid, superblock.Label, superblock.DeviceBytes, superblock.SegmentBytes, superblock.SegmentCount, superblock.Compression,
            superblock.ChecksumKind, superblock.CreatedNs, record.Number, record.WallNs, record.Csn, record.InodeCount, record.IsClean,
            engine.Segments.FreeCount, engine.Segments.TotalLiveBytes);
    }

    public static async ValueTask DumpAsync(IBlockDevice device, Seams seams, DumpPart part, TextWriter output)
    {
        Superblock superblock = await SuperblockReader.ReadAsync(device, seams).ConfigureAwait(false);
        using VolumeEngine engine = NewEngine(device, superblock, seams);
        switch (part)
        {
            case DumpPart.Superblock:
                await DumpSuperblocksAsync(device, superblock, engine, output).ConfigureAwait(false);
                break;
            case DumpPart.Checkpoints:
                await DumpCheckpointsAsync(device, superblock, engine, output).ConfigureAwait(false);
                break;
            case DumpPart.Segments:
                await DumpSegmentsAsync(device, engine, output).ConfigureAwait(false);
                break;
            case DumpPart.Frames:
                await DumpFramesAsync(device, superblock, engine, output).ConfigureAwait(false);
                break;
            default:
                await DumpIndexAsync(device, seams, engine, output).ConfigureAwait(false);
                break;
        }
    }

    private static VolumeEngine NewEngine(IBlockDevice device, Superblock superblock, Seams seams)
        => new(device, superblock, new VolumeOptions { IsReadOnly = true }, seams);

    private static async ValueTask LoadTableAsync(VolumeEngine engine, IBlockDevice device, CheckpointRecord record)
    {
        engine.AttachIndexHead(new IndexHead(device, engine.Settings(record.Generation), engine.Segments, record.IndexHead));
        var table = new SegmentTableStore(engine, engine.Segments.Count);
        var image = new SegmentImage(engine.Segments.Count);
        int result = await table.LoadAsync(record.SegmentTable, image).ConfigureAwait(false);
        if (result != 0)
        {
            throw new VolumeException(-result, $"the segment table cannot be read: errno {-result}");
        }
        engine.Segments.Load(image, table.BlobAddresses());
    }

    private static async ValueTask DumpSuperblocksAsync(IBlockDevice device, Superblock superblock, VolumeEngine engine, TextWriter output)
    {
        NativeSlice scratch = engine.Scratch.Rent();
        foreach (long address in Superblock.CopyAddresses(superblock.DeviceBytes, superblock.SegmentBytes))
        {
            NativeSlice block = scratch.Slice(0, Superblock.SizeBytes);
            int read = await device.ReadAsync(address, block).ConfigureAwait(false);
            Superblock? copy = null;
            string? error = read == 0 ? Superblock.TryRead(block.Span, out copy) : $"errno {-read}";
            await output.WriteLineAsync($"superblock at {address}: {(error is null ? copy!.ToString() : error)}").ConfigureAwait(false);
        }
        engine.Scratch.Return(scratch);
    }

    private static async ValueTask DumpCheckpointsAsync(IBlockDevice device, Superblock superblock, VolumeEngine engine, TextWriter output)
    {
        NativeSlice scratch = engine.Scratch.Rent();
        for (ulong slot = 0; slot < Superblock.RingSlots; slot++)
        {
            NativeSlice block = scratch.Slice(0, CheckpointRecord.SizeBytes);
            if (await device.ReadAsync(Superblock.RingSlotAddress(slot), block).ConfigureAwait(false) == 0
                && CheckpointRecord.TryRead(block.Span, superblock.VolumeId, out CheckpointRecord? record))
            {
                await output.WriteLineAsync(
                    $"slot {slot}: checkpoint {record!.Number}, csn {record.Csn}, generation {record.Generation:x16}, {(record.IsClean ? "clean" : "open")}, "
                    + $"log frame {record.Log.NextSequence} at {record.Log.SegmentAddressBytes}+{record.Log.OffsetBytes} then {record.Log.SuccessorAddressBytes}, "
                    + $"index head at {record.IndexHead.SegmentAddressBytes}+{record.IndexHead.OffsetBytes}, {record.Index.Records} records, {record.Index.Pages} pages, "
                    + $"{record.InodeCount} inodes, next inode {record.NextInode}").ConfigureAwait(false);
            }
        }
        engine.Scratch.Return(scratch);
    }

    private static async ValueTask DumpSegmentsAsync(IBlockDevice device, VolumeEngine engine, TextWriter output)
    {
        CheckpointRecord record = await Recovery.ReadNewestRecordAsync(engine, device).ConfigureAwait(false);
        await LoadTableAsync(engine, device, record).ConfigureAwait(false);
        for (int i = 0; i < engine.Segments.Count; i++)
        {
            (SegmentState state, long live, ulong last, bool isPinned) = engine.Segments[i];
            if (state != SegmentState.Free)
            {
                await output.WriteLineAsync($"segment {i} at {engine.Superblock.SegmentAddress(i)}: {state}, {live} live bytes, last frame {last}{(isPinned ? ", holds the segment table" : "")}").ConfigureAwait(false);
            }
        }
    }

    private static async ValueTask DumpFramesAsync(IBlockDevice device, Superblock superblock, VolumeEngine engine, TextWriter output)
    {
        NativeSlice scratch = engine.Scratch.Rent();
        for (int segment = 0; segment < superblock.SegmentCount; segment++)
        {
            int at = 0;
            while (at + FrameFormat.BlockBytes <= superblock.SegmentBytes)
            {
                long address = superblock.SegmentAddress(segment) + at;
                NativeSlice block = scratch.Slice(0, FrameFormat.BlockBytes);
                if (await device.ReadAsync(address, block).ConfigureAwait(false) != 0
                    || !FrameHeader.TryRead(block.Span, out FrameHeader header) || header.VolumeId != superblock.VolumeId || header.AddressBytes != address)
                {
                    break;
                }
                await output.WriteLineAsync(
                    $"segment {segment}+{at}: {header.Head} frame {header.Sequence}, generation {header.Generation:x16}, {header.LengthBytes} bytes, {header.ExtentCount} extents, "
                    + $"redo {header.RedoStoredBytes}/{header.RedoRawBytes} ({header.RedoCodec}), csn {header.FirstCsn}-{header.LastCsn}, durable {header.DurableSequence}, successor {header.SuccessorAddressBytes}").ConfigureAwait(false);
                at += header.LengthBytes;
            }
        }
        engine.Scratch.Return(scratch);
    }

    private static async ValueTask DumpIndexAsync(IBlockDevice device, Seams seams, VolumeEngine engine, TextWriter output)
    {
        await new Recovery(engine, device, new VolumeOptions { IsReadOnly = true }, seams).RunAsync().ConfigureAwait(false);
        var scan = new RecordScan(engine);
        int found;
        while ((found = await scan.NextAsync().ConfigureAwait(false)) == 1)
        {
            await output.WriteLineAsync($"inode {scan.Key.Inode} {scan.Key.Kind} {scan.Key.Sub:x}: {scan.ValueLengthBytes} bytes, born {BitConverter.ToUInt64(scan.Value)}").ConfigureAwait(false);
        }
        if (found < 0)
        {
            throw new VolumeException(-found, $"the index cannot be read beyond {scan.Key}: errno {-found}");
        }
    }
}
