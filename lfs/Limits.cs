namespace Txlfs.Lfs;

/// <summary>Every bound of lfs, in one place.</summary>
public static class Limits
{
    public const int BlockBytes = 4096;
    public const int PageBytes = 8192;
    public const int MaxValueBytes = 2304;
    public const int MaxInlineChunkBytes = 2048;
    public const int MaxInlineFileBytes = 2048;
    public const int MaxExtentBytes = 128 * 1024;
    public const int MaxNameBytes = 255;
    public const int MaxSymlinkBytes = 4095;
    public const int MaxXattrValueBytes = 64 * 1024;
    public const int MaxXattrListBytes = 64 * 1024;
    public const uint MaxLinks = 1_000_000;
    public const long MaxFileBytes = 1L << 59;

    /// <summary>Mutations of one commit; larger changes are cut into several commits by the operation.</summary>
    public const int MaxCommitMutations = 1024;
    public const int MaxCommitBytes = 256 * 1024;

    public const int DefaultSegmentBytes = 4 * 1024 * 1024;
    public const int MinSegmentBytes = Txlfs.Journal.Frames.FrameLimits.MinSegmentBytes;
    public const int MaxSegmentBytes = 64 * 1024 * 1024;

    /// <summary>Four heads and successors, two for a checkpoint, two to clean into.</summary>
    public const int MinSegments = 8;
    public const long MaxSegments = 1L << 22;

    /// <summary>A scratch buffer: the largest extent with the blocks that its ends may share, and room for alignment.</summary>
    public const int ScratchBytes = MaxExtentBytes + (4 * BlockBytes);

    public const ulong RootInode = 1;
    public const ulong FirstFreeInode = 16;
}
