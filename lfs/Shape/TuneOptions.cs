using Txlfs.Journal.Codec;

namespace Txlfs.Lfs;

/// <summary>What is to be changed about a volume; null leaves a thing as it is.</summary>
public sealed record TuneOptions
{
    public string? Label { get; init; }

    /// <summary>The UUID that people and tools know the volume by.</summary>
    public Guid? Uuid { get; init; }

    /// <summary>For what is written from now on; what is there stays as it is.</summary>
    public CodecKind? Compression { get; init; }
}
