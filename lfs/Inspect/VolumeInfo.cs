using Txlfs.Journal.Codec;

namespace Txlfs.Lfs.Inspect;

/// <summary>What the superblock and the newest checkpoint record say; the log behind it is not replayed.</summary>
public sealed record VolumeInfo(
    Guid Uuid, string Label, long DeviceBytes, int SegmentBytes, long SegmentCount, CodecKind Compression, ChecksumKind Checksum, long CreatedNs,
    ulong CheckpointNumber, long CheckpointNs, ulong Csn, ulong InodeCount, bool IsClean, long FreeSegments, long LiveBytes);
