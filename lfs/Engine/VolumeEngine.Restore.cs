using Txlfs.Journal;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Engine;

// For the rebuild of an index: records put as they were found, outside of any log.
internal sealed partial class VolumeEngine
{
    /// <summary>The batch to fill for <see cref="RestoreAsync"/>.</summary>
    public MutationBatch RestoreBatch => _batch;

    /// <summary>Applies the batch as of a commit that is known to have happened.</summary>
    public async ValueTask RestoreAsync(ulong csn, ulong nextInode, ulong firstCheckpoint)
    {
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            int status;
            PageReference missing;
            lock (_writer)
            {
                status = Tree.Prepare(_batch, out missing);
                if (status == 0)
                {
                    ApplyBatch(csn, Math.Max(nextInode, _nextInode));
                    return;
                }
            }
            int resolved = status == Op.Miss ? await Tree.LoadAsync(missing).ConfigureAwait(false) : status == IndexTree.NoCleanFrame ? -Errno.EAGAIN : status;
            resolved = resolved == -Errno.EAGAIN ? await StorePagesAsync(firstCheckpoint).ConfigureAwait(false) : resolved;
            if (resolved != 0)
            {
                throw new VolumeException(-resolved, resolved == -Errno.ENOSPC
                    ? "no segment is left in which nothing is needed: the new index has no room, and what is there was not overwritten"
                    : $"a record could not be restored: errno {-resolved}");
            }
        }
        throw new VolumeException(Errno.ENOMEM, "the records to restore do not fit this memory ceiling");
    }

    /// <summary>Puts dirty pages on the device, so that they may be evicted. No record names them: until the last checkpoint they do not exist.</summary>
    private async ValueTask<int> StorePagesAsync(ulong number)
    {
        lock (_writer)
        {
            Tree.BeginCheckpoint(number);
            Segments.BeginCheckpoint();
        }
        OpResult<IndexRoot> root = await Tree.WriteCheckpointAsync(IndexHead).ConfigureAwait(false);
        int result = root.IsOk ? await IndexHead.FlushFramesAsync().ConfigureAwait(false) : -root.Errno;
        if (result == 0)
        {
            Tree.EndCheckpoint();
            Segments.EndCheckpoint([]);
        }
        return result;
    }
}
