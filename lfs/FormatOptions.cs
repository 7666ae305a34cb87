using Txlfs.Journal.Codec;

namespace Txlfs.Lfs;

/// <summary>What a volume is formatted with. Validated by the formatter; errors name the field.</summary>
public sealed record FormatOptions
{
    public string Label { get; init; } = "";
    public Guid? Uuid { get; init; }
    public int SegmentBytes { get; init; } = Limits.DefaultSegmentBytes;
    public CodecKind Compression { get; init; } = CodecKind.Lz4;
    public ChecksumKind Checksum { get; init; } = ChecksumKind.Crc32c;

    /// <summary>How much of the device the volume takes; 0: all of it.</summary>
    public long DeviceBytes { get; init; }
    public uint RootUid { get; init; }
    public uint RootGid { get; init; }
}
