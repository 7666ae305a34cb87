using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>
/// write(2): stores the bytes, then commits once for each megabyte. No lock: a write that covers a block in part reads it first, and its
/// commit fails with a conflict when somebody else changed that block meanwhile; then the write is prepared anew (invariant D4).
/// </summary>
internal sealed class FileWriter(DataServices services, ExtentFetcher fetcher, TrimFinisher trims)
{
    /// <summary>Every conflict means that another write got through; this many in a row mean a defect.</summary>
    private const int MaxConflicts = 1000;
    private readonly IEngine _engine = services.Engine;
    private readonly ExtentStorer _storer = new(services);

    /// <summary>Bytes written (fewer than asked for only when a later megabyte failed), or -errno.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> WriteAsync(ulong inode, long offsetBytes, NativeSlice source, WriteOptions options, WriteRules rules, Caller caller)
    {
        if (offsetBytes < 0)
        {
            return -Errno.EINVAL;
        }
        if (offsetBytes > Limits.MaxFileBytes - source.LengthBytes)
        {
            return -Errno.EFBIG;
        }
        WriteState state = services.WriteStates.Rent();
        try
        {
            int doneBytes = 0;
            do
            {
                long at = offsetBytes + doneBytes;
                int chunkBytes = (int)Math.Min(source.LengthBytes - doneBytes, ExtentRecord.RoundDown(at) + WriteState.MaxBytes - at);
                state.Begin(inode, at, source.Slice(doneBytes, chunkBytes), options, rules);
                int status = await WriteChunkAsync(state, caller).ConfigureAwait(false);
                if (status != 0)
                {
                    return doneBytes > 0 ? doneBytes : status;
                }
                doneBytes += chunkBytes;
            }
            while (doneBytes < source.LengthBytes);
            return doneBytes;
        }
        finally
        {
            state.ReleaseAll(_engine);
            services.WriteStates.Return(state);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WriteChunkAsync(WriteState state, Caller caller)
    {
        bool probes = state.NeedsProbe;
        for (int conflicts = 0; conflicts < MaxConflicts; conflicts++)
        {
            if (probes)
            {
                OpResult<bool> probe = await QuietRead.RunAsync<WriteProbeBody, bool>(_engine, new WriteProbeBody(state, _engine)).ConfigureAwait(false);
                if (!probe.IsOk)
                {
                    return services.Fail(state.Inode, probe.Errno);
                }
            }
            if (state.EndBytes > Limits.MaxFileBytes)
            {
                return -Errno.EFBIG;
            }
            bool staysInline = state.IsProbed && state.ProbedForm != FileForm.Extents && state.EndBytes <= Limits.MaxInlineFileBytes && !state.IsConversion;
            int status = staysInline ? 0 : await StoreAsync(state).ConfigureAwait(false);
            if (status == 0)
            {
                status = await CommitAsync(state, staysInline, caller).ConfigureAwait(false);
            }
            state.ReleaseAll(_engine);
            if (status != -DataErrno.Conflict)
            {
                return status;
            }
            Interlocked.Increment(ref services.Counters.WriteConflicts);
            probes = true;
        }
        return -Errno.EIO;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> CommitAsync(WriteState state, bool staysInline, Caller caller)
    {
        while (true)
        {
            OpResult<bool> commit = staysInline
                ? await _engine.CommitAsync<InlineWriteBody, bool>(new InlineWriteBody(services.Room, state, trims.Pending), caller, CommitKind.Write).ConfigureAwait(false)
                : await _engine.CommitAsync<WriteBody, bool>(new WriteBody(services.Room, state, trims.Pending, _engine.ChecksumKind), caller, CommitKind.Write).ConfigureAwait(false);
            if (commit.IsOk)
            {
                return 0;
            }
            if (commit.Errno != DataErrno.TrimFirst)
            {
                return services.Fail(state.Inode, commit.Errno);
            }
            int status = await trims.FinishAsync(state.Inode).ConfigureAwait(false);
            if (status != 0)
            {
                return status;
            }
        }
    }

    /// <summary>Puts the write's bytes, and the old ones around them in the same blocks, into the log.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> StoreAsync(WriteState state)
    {
        state.StoredEndBytes = state.EndBytes;
        NativeSlice blocks = _engine.Scratch.Rent(), scratch = _engine.Scratch.Rent();
        try
        {
            int status = await StoreHeadAsync(state, blocks.Slice(0, Limits.BlockBytes), scratch).ConfigureAwait(false);
            long cursor = Math.Min(state.EndBytes, ExtentRecord.RoundUp(state.OffsetBytes));
            bool mergesTail = state.Tail.IsNeeded && state.Tail.DataEndBytes > state.EndBytes;
            long bodyEnd = mergesTail ? state.Tail.BlockBytes : state.EndBytes;
            if (status == 0 && bodyEnd > cursor)
            {
                NativeSlice body = state.Source.Slice((int)(cursor - state.OffsetBytes), (int)(bodyEnd - cursor));
                status = await _storer.StoreAsync(state, cursor, body, scratch).ConfigureAwait(false);
            }
            if (status == 0 && mergesTail)
            {
                status = await StoreTailAsync(state, blocks.Slice(0, Limits.BlockBytes), scratch).ConfigureAwait(false);
            }
            return status;
        }
        finally
        {
            _engine.Scratch.Return(blocks);
            _engine.Scratch.Return(scratch);
        }
    }

    /// <summary>The block that the write begins inside, or the inline content that must move to the file's first block.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> StoreHeadAsync(WriteState state, NativeSlice block, NativeSlice scratch)
    {
        bool isInline = state.IsProbed && state.ProbedForm == FileForm.Inline;
        long blockStart = ExtentRecord.RoundDown(state.OffsetBytes);
        block.Span.Clear();
        if (isInline && (blockStart > 0 || state.OffsetBytes > 0 || state.IsConversion))
        {
            state.Inline.AsSpan(0, state.InlineBytes).CopyTo(block.Span);
        }
        if (isInline && (blockStart > 0 || state.IsConversion))
        {
            int status = await _storer.StoreAsync(state, 0, block.Slice(0, state.InlineBytes), scratch).ConfigureAwait(false);
            if (status != 0)
            {
                return status;
            }
            block.Span.Clear();
        }
        if (!state.Head.IsNeeded || state.IsConversion)
        {
            return 0;
        }
        long oldEnd = isInline && blockStart == 0 ? state.InlineBytes : state.Head.DataEndBytes;
        if (state.Head.DataEndBytes > blockStart)
        {
            state.PlanFetch(isHead: true, block);
            int status = await fetcher.FetchAsync(state.Fetch).ConfigureAwait(false);
            if (status != 0)
            {
                return status;
            }
        }
        int at = (int)(state.OffsetBytes - blockStart), taken = Math.Min(Limits.BlockBytes - at, state.Source.LengthBytes);
        state.Source.Span[..taken].CopyTo(block.Span[at..]);
        long newEnd = Math.Max(oldEnd, state.OffsetBytes + taken);
        state.StoredEndBytes = Math.Max(state.StoredEndBytes, newEnd);
        return await _storer.StoreAsync(state, blockStart, block.Slice(0, (int)(newEnd - blockStart)), scratch).ConfigureAwait(false);
    }

    /// <summary>The block that the write ends inside and that has old bytes behind that end.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> StoreTailAsync(WriteState state, NativeSlice block, NativeSlice scratch)
    {
        state.PlanFetch(isHead: false, block);
        int status = await fetcher.FetchAsync(state.Fetch).ConfigureAwait(false);
        if (status != 0)
        {
            return status;
        }
        int taken = (int)(state.EndBytes - state.Tail.BlockBytes);
        state.Source.Span[^taken..].CopyTo(block.Span);
        state.StoredEndBytes = state.Tail.DataEndBytes;
        return await _storer.StoreAsync(state, state.Tail.BlockBytes, block.Slice(0, (int)(state.Tail.DataEndBytes - state.Tail.BlockBytes)), scratch).ConfigureAwait(false);
    }
}
