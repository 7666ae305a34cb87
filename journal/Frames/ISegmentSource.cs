namespace Txlfs.Journal.Frames;

/// <summary>Where a head gets its segments. Called under the head's lock: must only touch memory.</summary>
public interface ISegmentSource
{
    /// <summary>Takes a free segment for the head; false when there is none that this head may have.</summary>
    bool TryTake(LogHead head, out long addressBytes);

    /// <summary>
    /// Data was placed in the segment, for which no commit speaks yet. Told under the head's lock, so that whoever cuts the log after it knows of it
    /// (the owner of the segments forgets it when a record names the data, or none ever will).
    /// </summary>
    void Reserved(long addressBytes);

    /// <summary>The head has left the segment; its last frame has this sequence number.</summary>
    void Left(LogHead head, long addressBytes, ulong lastSequence);
}

/// <summary>A place between two frames: where the next one goes, its number, and the digest it must name as its predecessor's.</summary>
public sealed record LogPosition(long SegmentAddressBytes, int OffsetBytes, ulong NextSequence, byte[] PreviousDigest, long SuccessorAddressBytes);

public sealed record LogSettings
{
    public required Guid VolumeId { get; init; }
    public required ulong Generation { get; init; }
    public required Codec.CodecKind RedoCodec { get; init; }
    public required Codec.ChecksumKind ChecksumKind { get; init; }
    public required int SegmentBytes { get; init; }

    /// <summary>Frames in memory: the open one and those on their way to the device.</summary>
    public int FrameCount { get; init; } = 6;

    /// <summary>A frame with content is written out after so long, even when nobody syncs.</summary>
    public int CommitIntervalMs { get; init; } = 1000;
}
