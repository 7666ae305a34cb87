using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Lfs.Engine;

namespace Txlfs.Lfs.Cleaner;

/// <summary>
/// Reads the extent tables of a segment's frames, front to back, through one window. What it finds are hints: a table that is damaged, or a left-over of an
/// earlier life of the segment behind the last frame, costs a look-up and no more, because the index has the last word.
/// </summary>
internal sealed class SegmentScanner(VolumeEngine engine)
{
    private long _windowStartBytes;
    private int _windowBytes;

    /// <summary>Adds what data frames and index frames hold. 0, or -errno when the device could not be read (then what was found so far is there).</summary>
    public async ValueTask<int> ReadAsync(int segment, List<FoundTag> data, List<FoundTag> pages)
    {
        NativeSlice window = engine.Scratch.Rent();
        _windowBytes = 0;
        try
        {
            long start = engine.Superblock.SegmentAddress(segment);
            long end = start + engine.Segments.SegmentBytes;
            for (long at = start; at + FrameFormat.BlockBytes <= end;)
            {
                int result = await FillAsync(window, at, FrameFormat.HeaderBytes, end).ConfigureAwait(false);
                if (result != 0)
                {
                    return result;
                }
                if (!FrameHeader.TryRead(At(window, at, FrameFormat.HeaderBytes), out FrameHeader header) || header.AddressBytes != at
                    || header.VolumeId != engine.Superblock.VolumeId || header.LengthBytes > end - at || header.ChecksumKind != engine.ChecksumKind)
                {
                    return 0;
                }
                int tableBytes = header.ExtentCount * FrameFormat.EntryBytes(header.ChecksumKind);
                result = await FillAsync(window, at + header.TailOffset, tableBytes, end).ConfigureAwait(false);
                if (result != 0)
                {
                    return result;
                }
                TakeTable(At(window, at + header.TailOffset, tableBytes), header, header.Head == LogHead.Index ? pages : data);
                at += header.LengthBytes;
            }
            return 0;
        }
        finally
        {
            engine.Scratch.Return(window);
        }
    }

    private static void TakeTable(ReadOnlySpan<byte> table, in FrameHeader header, List<FoundTag> tags)
    {
        int entryBytes = FrameFormat.EntryBytes(header.ChecksumKind), widthBytes = Checksum.WidthBytes(header.ChecksumKind);
        for (int i = 0; i < header.ExtentCount; i++)
        {
            if (ExtentEntry.TryRead(table.Slice(i * entryBytes, entryBytes), widthBytes, header.LengthBytes, out ExtentEntry entry))
            {
                tags.Add(new FoundTag(entry.Tag.Inode, entry.Tag.FileOffsetBytes, entry.Tag.RawLengthBytes, header.AddressBytes + entry.OffsetInFrame, entry.StoredBytes));
            }
        }
    }

    private async ValueTask<int> FillAsync(NativeSlice window, long atBytes, int lengthBytes, long endBytes)
    {
        if (_windowBytes > 0 && atBytes >= _windowStartBytes && atBytes + lengthBytes <= _windowStartBytes + _windowBytes)
        {
            return 0;
        }
        long start = atBytes & -FrameFormat.BlockBytes;
        int fill = (int)Math.Min(window.LengthBytes & -FrameFormat.BlockBytes, endBytes - start);
        if (start + fill < atBytes + lengthBytes)
        {
            return -Journal.Errno.EUCLEAN;
        }
        _windowBytes = 0;
        int result = await engine.ReadStoredAsync(start, window.Slice(0, fill)).ConfigureAwait(false);
        (_windowStartBytes, _windowBytes) = (start, result == 0 ? fill : 0);
        return result;
    }

    private ReadOnlySpan<byte> At(NativeSlice window, long atBytes, int lengthBytes) => window.Span.Slice((int)(atBytes - _windowStartBytes), lengthBytes);
}
