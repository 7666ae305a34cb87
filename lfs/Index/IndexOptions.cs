namespace Txlfs.Lfs.Index;

/// <param name="CapacityPages">Frames of the page cache, 8 KiB each: the index's hard ceiling of memory (and 1 % for bookkeeping).</param>
/// <param name="VolumeTag">Eight bytes of the volume's identity; a page that carries another tag is corrupt.</param>
internal sealed record IndexOptions(int CapacityPages, ulong VolumeTag)
{
    public const int MinCapacityPages = 64;
}
