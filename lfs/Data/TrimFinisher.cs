using System.Runtime.CompilerServices;
using Txlfs.Journal;

namespace Txlfs.Lfs.Data;

/// <summary>
/// truncate(2), and the removal of what a long one leaves: batches, each its own commit, until the trim record is gone. Any number of
/// callers may finish the same trim at once; what one has removed the others do not find.
/// </summary>
internal sealed class TrimFinisher(DataServices services)
{
    private readonly IEngine _engine = services.Engine;

    public PendingTrims Pending { get; } = new();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<OpResult<InodeAttributes>> SetSizeAsync(ulong inode, long sizeBytes, AttributeChange others, Caller caller)
    {
        if (sizeBytes < 0)
        {
            return OpResult<InodeAttributes>.Fail(Errno.EINVAL);
        }
        if (sizeBytes > Limits.MaxFileBytes)
        {
            return OpResult<InodeAttributes>.Fail(Errno.EFBIG);
        }
        // Raised before the commit: a body that runs after it must look for the trim record that it may have put.
        Pending.Raise();
        bool isPending = false;
        try
        {
            while (true)
            {
                SetSizeBody body = new(services.Room, inode, sizeBytes, others, Pending, _engine.ChecksumKind);
                OpResult<TruncateResult> commit = await _engine.CommitAsync<SetSizeBody, TruncateResult>(body, caller, CommitKind.Truncate).ConfigureAwait(false);
                if (commit.IsOk)
                {
                    isPending = commit.Value.LeavesTrim && await FinishAsync(inode).ConfigureAwait(false) != 0;
                    return commit.Value.Attributes;
                }
                int status = commit.Errno == DataErrno.TrimFirst ? await FinishAsync(inode).ConfigureAwait(false) : services.Fail(inode, commit.Errno);
                if (status != 0)
                {
                    return OpResult<InodeAttributes>.Fail(-status);
                }
            }
        }
        finally
        {
            // A trim that could not be finished stays pending until the volume is mounted anew.
            if (!isPending)
            {
                Pending.Lower();
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> FinishAsync(ulong inode)
    {
        while (true)
        {
            OpResult<bool> batch = await _engine.CommitAsync<TrimBody, bool>(new TrimBody(inode, _engine.ChecksumKind), default, CommitKind.Truncate).ConfigureAwait(false);
            if (!batch.IsOk)
            {
                return services.Fail(inode, batch.Errno);
            }
            if (!batch.Value)
            {
                return 0;
            }
        }
    }

    /// <summary>Finishes what truncations before a crash left. One that fails is logged and stays; its file still reads right, because reads end at the size.</summary>
    public async ValueTask RecoverAsync()
    {
        ulong inode = 0;
        while (true)
        {
            OpResult<ulong> next = await _engine.ReadAsync<NextTrimBody, ulong>(new NextTrimBody(inode)).ConfigureAwait(false);
            if (!next.IsOk)
            {
                services.Log($"the list of unfinished truncations cannot be read (errno {next.Errno})");
                Pending.Raise();
                return;
            }
            if (next.Value == 0)
            {
                return;
            }
            inode = next.Value;
            int status = await FinishAsync(inode).ConfigureAwait(false);
            if (status != 0)
            {
                services.Log($"inode {inode}: an unfinished truncation cannot be finished (errno {-status})");
                Pending.Raise();
            }
        }
    }
}
