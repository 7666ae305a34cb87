using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Verify.Rebuild;

/// <summary>
/// One pass over all segments: every frame of the volume that is still to be found, of whatever lap, with its header and tail verified. Frames describe
/// themselves, so it does not matter how they came to be where they are.
/// </summary>
internal sealed class DeviceScan(Superblock superblock, FrameReader reader, ICheckProgress progress)
{
    private const int MaxFrames = 1 << 18;

    public FrameTable Log { get; } = new(MaxFrames);
    public FrameTable Index { get; } = new(MaxFrames);

    /// <summary>
    /// The newest index frame that holds the root page of a segment table. A checkpoint writes that last, so what stands up to here is whole, and what stands behind
    /// it belongs to a checkpoint that did not come to its end.
    /// </summary>
    public FrameRef? LastComplete => _lastRoot ?? _lastDirectory;
    private FrameRef? _lastRoot;

    /// <summary>A table of a volume that has grown since has its root under a lower number: then any page above the chunks must do.</summary>
    private FrameRef? _lastDirectory;

    public async ValueTask RunAsync()
    {
        progress.Begin(CheckPass.Scan, superblock.SegmentCount);
        for (int segment = 0; segment < superblock.SegmentCount; segment++)
        {
            await ForEachFrameAsync(superblock.SegmentAddress(segment), Note).ConfigureAwait(false);
            progress.Advance(1);
        }
    }

    /// <summary>Every frame of a segment, also those of earlier laps that later ones have not overwritten.</summary>
    public async ValueTask ForEachFrameAsync(long segmentAddress, Action visit)
    {
        for (int at = 0; at + FrameFormat.BlockBytes <= superblock.SegmentBytes;)
        {
            bool isFrame = await reader.TryReadTailAsync(segmentAddress + at).ConfigureAwait(false);
            if (isFrame)
            {
                visit();
            }
            at += isFrame ? reader.Header.LengthBytes : FrameFormat.BlockBytes;
        }
    }

    private void Note()
    {
        if (reader.Header.Head != LogHead.Index)
        {
            if (reader.Header.Head == LogHead.Foreground)
            {
                Log.Add(reader.Reference);
            }
            return;
        }
        Index.Add(reader.Reference);
        int chunks = SegmentImage.ChunksFor((int)superblock.SegmentCount);
        ulong root = (ulong)((chunks + SegmentTableStore.Fan - 1) / SegmentTableStore.Fan);
        for (int i = 0; i < reader.ExtentCount; i++)
        {
            if (reader.TryEntry(i, out ExtentEntry entry) && entry.Tag.FileOffsetBytes == IndexHead.TableDirectorySpace)
            {
                Keep(ref _lastDirectory);
                if (entry.Tag.Inode == root)
                {
                    Keep(ref _lastRoot);
                }
            }
        }
    }

    private void Keep(ref FrameRef? newest)
    {
        if (newest is not { } last || reader.Reference.Sequence > last.Sequence || (reader.Reference.Sequence == last.Sequence && reader.Reference.WallNs > last.WallNs))
        {
            newest = reader.Reference;
        }
    }
}
