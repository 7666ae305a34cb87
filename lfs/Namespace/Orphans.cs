using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Namespace;

/// <summary>
/// Frees inodes that have lost their last name: one background worker and a bounded queue of inode numbers. What does not fit the queue is found
/// again among the orphan records.
/// </summary>
internal sealed class Orphans(NamespaceRoom room)
{
    private const int MaxQueued = 4096;
    private readonly Queue<ulong> _queue = new();
    private readonly Lock _lock = new();
    private bool _isWorking;
    private bool _mustScan;

    /// <summary>Has the inode freed soon; called when it has no name and is not open. Never blocks.</summary>
    public void Enqueue(ulong inode)
    {
        lock (_lock)
        {
            if (_queue.Count < MaxQueued)
            {
                _queue.Enqueue(inode);
            }
            else
            {
                _mustScan = true;
            }
            if (_isWorking)
            {
                return;
            }
            _isWorking = true;
        }
        room.Engine.QueueBackground(WorkAsync);
    }

    /// <summary>
    /// Frees all that the orphan records name and nobody has open. For the mount after a crash; safe beside other operations, so it may as well run in the background.
    /// </summary>
    public async ValueTask RecoverAsync()
    {
        for (ulong from = 0; ;)
        {
            OpResult<ulong> next = await room.Engine.ReadAsync<NextOrphanBody, ulong>(new NextOrphanBody(from));
            if (!next.IsOk)
            {
                if (next.Errno != Errno.ENOENT)
                {
                    room.Log.Write(LogSeverity.Error, $"orphans from {from} on can't be read (errno {next.Errno}); they stay until the next mount");
                }
                return;
            }
            await ReapAsync(next.Value);
            from = next.Value + 1;
        }
    }

    private async ValueTask WorkAsync()
    {
        bool isOffDuty = false;
        try
        {
            while (TryTake(out ulong inode, out bool isScan))
            {
                if (isScan)
                {
                    await RecoverAsync();
                }
                else if (await ReapAsync(inode) == ReapOutcome.Busy)
                {
                    // Come back behind whoever is about to settle its claim.
                    StandDown();
                    isOffDuty = true;
                    Enqueue(inode);
                    return;
                }
            }
            isOffDuty = true;
        }
        finally
        {
            if (!isOffDuty)
            {
                StandDown(); // an exception: the next orphan calls another worker
            }
        }
    }

    private void StandDown()
    {
        lock (_lock)
        {
            _isWorking = false;
        }
    }

    /// <summary>False, and the worker is off duty, when there is nothing to do.</summary>
    private bool TryTake(out ulong inode, out bool isScan)
    {
        lock (_lock)
        {
            isScan = false;
            if (_queue.TryDequeue(out inode))
            {
                return true;
            }
            isScan = _mustScan;
            _mustScan = false;
            _isWorking = isScan;
            return isScan;
        }
    }

    private async ValueTask<ReapOutcome> ReapAsync(ulong inode)
    {
        InodeTicket ticket = room.Tickets.Rent();
        OpResult<ReapOutcome> result;
        do
        {
            result = await room.Engine.CommitAsync<ReapBody, ReapOutcome>(new ReapBody(room, inode, ticket), default, CommitKind.Reap);
        }
        while (result.IsOk && result.Value == ReapOutcome.Unfinished);
        room.Settle(ticket, result.IsOk);
        if (!result.IsOk)
        {
            room.Log.Write(LogSeverity.Warning, $"orphan inode {inode} can't be freed now (errno {result.Errno}); it stays until the next mount");
        }
        return result.IsOk ? result.Value : ReapOutcome.Done;
    }

    private readonly struct NextOrphanBody(ulong from) : IReadBody<ulong>
    {
        [SkipLocalsInit]
        public int Run(ref ReadContext context, out ulong result)
        {
            Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
            int status = context.SeekAtLeast(InodeRemoval.OrphanKeyOf(from), InodeRemoval.OrphanKeyOf(Key.SubMask), out Key found, buffer, out _);
            result = found.Sub;
            return status;
        }
    }
}
