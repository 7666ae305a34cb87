using Txlfs.Journal.Frames;

namespace Txlfs.Lfs.Engine;

/// <summary>
/// How a volume's segments are divided between what users may fill and what is kept so that deleting, checkpoints and the cleaner always can go on
/// (invariant G4). Fixed by the volume's size, so that what df shows changes only with what is stored.
/// </summary>
internal sealed class SpaceBudget
{
    /// <summary>The log's successor, the index head's, two for a checkpoint, two for deletes, one being filled.</summary>
    private const int HeadSegments = 7;

    /// <summary>One in so many, and one, is the cleaner's room to move: without it the last free bytes would cost a copy of the volume.</summary>
    private const int SlackOneIn = 20;

    /// <summary>A smaller volume has no room to clean into: whole dead segments are all that it gets back, and only they say when it is full.</summary>
    private const int LeastCleanedSegments = 10, HeadSegmentsUncleaned = 4;

    private const int ColdOneIn = 32, MaxColdSegments = 8;

    /// <summary>What a full segment can't hold: the last extent that did not fit, headers, tails and extent tables of its frames.</summary>
    private const int FrameCostBytes = 3 * FrameFormat.BlockBytes;

    public SpaceBudget(int segmentBytes, int count)
    {
        SegmentCount = count;
        ColdSegments = count < LeastCleanedSegments ? 0 : Math.Clamp(count / ColdOneIn, 1, MaxColdSegments);
        int frames = (segmentBytes + FrameLimits.MaxDataBytes - 1) / FrameLimits.MaxDataBytes;
        PayloadBytes = segmentBytes - Limits.MaxExtentBytes - (frames * FrameCostBytes);
        int slack = 1 + (count / SlackOneIn);
        int kept = ColdSegments == 0 ? HeadSegmentsUncleaned : HeadSegments + ColdSegments - 1 + slack;
        UsableBytes = Math.Max(1, count - kept) * (long)PayloadBytes;
        OverwriteBytes = UsableBytes + ((long)slack * PayloadBytes / 2);
        OvercountedBytes = segmentBytes - (frames * FrameFormat.BlockBytes);
    }

    public int SegmentCount { get; }

    /// <summary>Segments that the cold head owns ahead of its need.</summary>
    public int ColdSegments { get; }

    /// <summary>Live bytes that a segment holds when it is packed.</summary>
    public int PayloadBytes { get; }

    /// <summary>Live bytes that the volume may come to hold, index included.</summary>
    public long UsableBytes { get; }

    /// <summary>
    /// The same for writes that put no more data than they replace: a full file can be overwritten, though its extents become more and smaller, and the
    /// index with them.
    /// </summary>
    public long OverwriteBytes { get; }

    /// <summary>A segment can't hold so many live bytes unless some of them are shared, and counted more than once.</summary>
    public int OvercountedBytes { get; }
}
