using Txlfs.Journal;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Cleaner;

/// <summary>Has the next checkpoint write the index pages and segment-table blobs of victims elsewhere: they become dirty, no more.</summary>
internal sealed class PageRelocator(VolumeEngine engine)
{
    /// <summary>0, or -errno.</summary>
    public async ValueTask<int> RunAsync(List<FoundTag> pages)
    {
        foreach (FoundTag page in pages)
        {
            if (page.OffsetBytes is IndexHead.TableChunkSpace or IndexHead.TableDirectorySpace)
            {
                TouchTable(page);
                continue;
            }
            if (page.OffsetBytes is < 0 or > PageMapGeometry.MaxHeight)
            {
                continue;
            }
            int result = await RelocateAsync(page).ConfigureAwait(false);
            if (result != 0)
            {
                return result;
            }
        }
        return 0;
    }

    private void TouchTable(in FoundTag blob)
    {
        int chunk = engine.Checkpointer.Table.ChunkUnder(blob.OffsetBytes == IndexHead.TableChunkSpace, blob.Owner, (ulong)blob.AddressBytes);
        if (chunk >= 0)
        {
            engine.Segments.TouchChunk(chunk);
        }
    }

    private async ValueTask<int> RelocateAsync(FoundTag page)
    {
        while (true)
        {
            int status = engine.TryRelocatePage((int)page.OffsetBytes, page.Owner, (ulong)page.AddressBytes, out PageReference missing);
            int resolved;
            switch (status)
            {
                case Op.Miss:
                    resolved = await engine.LoadPageAsync(missing).ConfigureAwait(false);
                    break;
                case IndexTree.NoCleanFrame:
                    resolved = await engine.Checkpointer.WaitForEndAsync().ConfigureAwait(false);
                    break;
                default:
                    return status;
            }
            if (resolved != 0)
            {
                return resolved;
            }
        }
    }
}
