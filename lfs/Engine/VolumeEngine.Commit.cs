using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Frames;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Engine;

internal enum StallKind : byte { Page, Log, Checkpoint, Space }

/// <summary>Why an attempt was given up, and so what must happen before the next one.</summary>
internal readonly record struct Stall(StallKind Kind, PageReference Page);

// Reads and commits: an attempt touches memory only; what it lacks is fetched without any lock, and the attempt is made anew.
internal sealed partial class VolumeEngine
{
    /// <summary>An operation that is given up so often makes no progress: memory is far too small for it, or this is a defect.</summary>
    private const int MaxAttempts = 100_000;
    private long _applyVersion;

    public long ApplyVersion => Volatile.Read(ref _applyVersion);

    public ValueTask<OpResult<TResult>> ReadAsync<TBody, TResult>(TBody body)
        where TBody : struct, IReadBody<TResult>
    {
        var context = new ReadContext(Tree);
        int status = body.Run(ref context, out TResult result);
        return status != Op.Miss
            ? new ValueTask<OpResult<TResult>>(new OpResult<TResult>(-status, result))
            : ReadSlowAsync<TBody, TResult>(body, context.Missing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<OpResult<TResult>> ReadSlowAsync<TBody, TResult>(TBody body, PageReference missing)
        where TBody : struct, IReadBody<TResult>
    {
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            int loaded = await LoadPageAsync(missing).ConfigureAwait(false);
            if (loaded != 0)
            {
                return OpResult<TResult>.Fail(-loaded);
            }
            int status = RunRead(ref body, out TResult result, out missing);
            if (status != Op.Miss)
            {
                return new OpResult<TResult>(-status, result);
            }
        }
        return OpResult<TResult>.Fail(Errno.ENOMEM);
    }

    private int RunRead<TBody, TResult>(ref TBody body, out TResult result, out PageReference missing)
        where TBody : struct, IReadBody<TResult>
    {
        var context = new ReadContext(Tree);
        int status = body.Run(ref context, out result);
        missing = context.Missing;
        return status;
    }

    public ValueTask<OpResult<TResult>> CommitAsync<TBody, TResult>(TBody body, Caller caller, CommitKind kind)
        where TBody : struct, ICommitBody<TResult>
    {
        int status = TryCommit(ref body, caller, kind, out TResult result, out Stall stall);
        Log?.Kick();
        if (status != Op.Miss)
        {
            return new ValueTask<OpResult<TResult>>(new OpResult<TResult>(-status, result));
        }
        return CommitSlowAsync<TBody, TResult>(body, caller, kind, stall);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<OpResult<TResult>> CommitSlowAsync<TBody, TResult>(TBody body, Caller caller, CommitKind kind, Stall stall)
        where TBody : struct, ICommitBody<TResult>
    {
        SpaceSearch search = default;
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            int resolved = stall.Kind == StallKind.Space
                ? await ResolveSpaceAsync(search.Next(FactsFor(body.MayUseReserve)), isCleaner: kind == CommitKind.Clean).ConfigureAwait(false)
                : await ResolveAsync(stall).ConfigureAwait(false);
            if (resolved != 0)
            {
                return OpResult<TResult>.Fail(-resolved);
            }
            int status = TryCommit(ref body, caller, kind, out TResult result, out stall);
            Log?.Kick();
            if (status != Op.Miss)
            {
                return new OpResult<TResult>(-status, result);
            }
        }
        return OpResult<TResult>.Fail(Errno.ENOMEM);
    }

    private int TryCommit<TBody, TResult>(ref TBody body, Caller caller, CommitKind kind, out TResult result, out Stall stall)
        where TBody : struct, ICommitBody<TResult>
    {
        stall = default;
        bool wantsCheckpoint, wantsCleaning;
        lock (_writer)
        {
            if (!IsWritable || Log.Failure != 0)
            {
                result = default!;
                return -Errno.EROFS;
            }
            if (Tree.DirtyPages > Tree.Capacity * 8 / 10)
            {
                result = default!;
                stall = new Stall(StallKind.Checkpoint, default);
                return Op.Miss;
            }
            long now = Seams.Clock.WallNs;
            _batch.Clear();
            var context = new CommitContext(Tree, _batch, _csn + 1, Timestamp.FromNs(now), _nextInode);
            int status = body.Run(ref context, out result);
            if (status == Op.Miss)
            {
                stall = new Stall(StallKind.Page, context.Missing);
                return Op.Miss;
            }
            if (status < 0 || _batch.Count == 0)
            {
                return status;
            }
            PageReference missing = default;
            status = !HasFreeSegments(body.MayUseReserve) ? -Errno.ENOSPC : body.MayUseReserve ? 0 : CheckGrowth(out missing);
            if (status != 0)
            {
                stall = new Stall(status == Op.Miss ? StallKind.Page : StallKind.Space, missing);
                return status == -Errno.ENOSPC ? Op.Miss : status;
            }
            status = Publish(caller, kind, now, context.NextInode, out stall);
            if (status != 0)
            {
                return status;
            }
            wantsCheckpoint = WantsCheckpoint();
            wantsCleaning = WantsCleaning;
        }
        Checkpointer.Committed(wantsCheckpoint);
        if (wantsCleaning)
        {
            Cleaner?.Request();
        }
        return 0;
    }

    /// <summary>The commit point in memory: redo into the log, then the batch into the tree, both under the writer lock (invariant C1: the same order everywhere).</summary>
    private int Publish(Caller caller, CommitKind kind, long nowNs, ulong nextInode, out Stall stall)
    {
        stall = default;
        int status = Tree.Prepare(_batch, out PageReference missing);
        if (status != 0)
        {
            stall = new Stall(status == IndexTree.NoCleanFrame ? StallKind.Checkpoint : StallKind.Page, missing);
            return status is Op.Miss or IndexTree.NoCleanFrame ? Op.Miss : status;
        }
        ulong csn = _csn + 1;
        int length = RedoCodec.Encode(_batch, kind, csn, nowNs, caller, nextInode, _redo);
        status = Log.TryAppendRedo(_redo.AsSpan(0, length), csn);
        if (status != 0)
        {
            Tree.Cancel();
            stall = new Stall(status == -Errno.ENOSPC ? StallKind.Space : StallKind.Log, default);
            return status is -Errno.EAGAIN or -Errno.ENOSPC ? Op.Miss : -Errno.EROFS;
        }
        ApplyBatch(csn, nextInode);
        StopAtDamage();
        return 0;
    }

    /// <summary>With the writer lock held: a commit has shown that the segments' counts are wrong, so nothing more may be built on them.</summary>
    private void StopAtDamage()
    {
        if (IsWritable && Segments.Damage is string damage)
        {
            IsWritable = false;
            Seams.Log.Write(Journal.Runtime.LogSeverity.Error, $"{_device.Name}: {damage}: the volume takes no more changes and needs fsck");
        }
    }

    private void ApplyBatch(ulong csn, ulong nextInode)
    {
        var observer = new SegmentAccountant(Segments);
        Interlocked.Increment(ref _applyVersion);
        Tree.Apply(_batch, csn, ref observer);
        Interlocked.Increment(ref _applyVersion);
        Volatile.Write(ref _csn, csn);
        Volatile.Write(ref _nextInode, nextInode);
        Volatile.Write(ref _inodeCount, _inodeCount + observer.InodeDelta);
        UpdateIndexReserve();
    }

    /// <summary>
    /// One attempt to replay a decoded commit (recovery; single-threaded then, the lock is free). 0, Op.Miss with what to load, NoCleanFrame, -errno.
    /// </summary>
    public int TryReplay(ReadOnlySpan<byte> redo, out CommitHeader header, out PageReference missing)
    {
        lock (_writer)
        {
            missing = default;
            if (!RedoCodec.TryDecode(redo, _batch, out header) || header.Csn > _csn + 1)
            {
                return -Errno.EUCLEAN;
            }
            if (header.Csn <= _csn)
            {
                // Already in the index: a checkpoint in the middle of a recovery had to name the frame's start.
                return 0;
            }
            int status = Tree.Prepare(_batch, out missing);
            if (status == 0)
            {
                ApplyBatch(header.Csn, header.NextInode);
            }
            return status;
        }
    }

    private async ValueTask<int> ResolveAsync(Stall stall)
    {
        switch (stall.Kind)
        {
            case StallKind.Page:
                return await LoadPageAsync(stall.Page).ConfigureAwait(false);
            case StallKind.Log:
                int waited = await Log.WaitForRoomAsync().ConfigureAwait(false);
                return Log.Failure != 0 ? -Errno.EROFS : waited;
            case StallKind.Checkpoint:
                return await Checkpointer.WaitForEndAsync().ConfigureAwait(false) == 0 ? 0 : -Errno.EROFS;
            default:
                throw new InvalidOperationException("a stall for space is resolved by the search for it");
        }
    }

    public async ValueTask<int> LoadPageAsync(PageReference missing)
    {
        int loaded = await Tree.LoadAsync(missing).ConfigureAwait(false);
        if (loaded != -Errno.EAGAIN)
        {
            return loaded;
        }
        return IsWritable ? await Checkpointer.WaitForEndAsync().ConfigureAwait(false) : -Errno.ENOMEM;
    }
}
