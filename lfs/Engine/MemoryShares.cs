using Txlfs.Journal.Frames;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Engine;

/// <summary>How a volume's memory ceiling is divided: frames on their way to the device, the index head's two, the cleaner's one, scratch, and the rest to the page cache.</summary>
internal readonly record struct MemoryShares(int Frames, int ScratchBuffers, int CachePages)
{
    private const long FrameBytes = FrameLimits.MaxFrameBytes + FrameLimits.MaxRedoBytes;

    /// <summary>The least memory that a volume works in.</summary>
    public const long MinBytes = 16L << 20;

    public static MemoryShares For(long memoryBytes)
    {
        if (memoryBytes < MinBytes)
        {
            throw new VolumeException(Journal.Errno.EINVAL, $"a volume needs at least {MinBytes >> 20} MiB of memory, {memoryBytes >> 20} MiB were given");
        }
        int frames = memoryBytes >= 48L << 20 ? 6 : 3;
        int scratch = (int)Math.Clamp(memoryBytes / 16 / Limits.ScratchBytes, 8, 64);
        long rest = memoryBytes - ((frames + 3) * FrameBytes) - ((long)scratch * Limits.ScratchBytes);

        // One percent of a cache is its own bookkeeping.
        long pages = Math.Max(IndexOptions.MinCapacityPages * 4, rest / (Limits.PageBytes + (Limits.PageBytes / 64)));
        return new MemoryShares(frames, scratch, (int)Math.Min(pages, 1 << 20));
    }
}
