using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>
/// fallocate(2). Preallocation makes unwritten records: they fix the range's shape and count as allocated, but a log has no place to
/// reserve, so a later write may still find the volume full. Ranges with many extents take several commits, each of which leaves
/// a file that reads like one on the way (a hole punched or a size grown up to some point).
/// </summary>
internal sealed class Fallocator(DataServices services, FileWriter writer, TrimFinisher trims)
{
    private const int MaxConflicts = 1000;
    private readonly IEngine _engine = services.Engine;

    /// <param name="availableBytes">What the volume has left: preallocation beyond it is refused at once.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> FallocateAsync(ulong inode, FallocateMode mode, long offsetBytes, long lengthBytes, long availableBytes, Caller caller)
    {
        if (offsetBytes < 0 || lengthBytes <= 0)
        {
            return -Errno.EINVAL;
        }
        if (offsetBytes > Limits.MaxFileBytes - lengthBytes)
        {
            return -Errno.EFBIG;
        }
        long endBytes = offsetBytes + lengthBytes;
        bool keepsSize = (mode & FallocateMode.KeepSize) != 0;
        switch (mode)
        {
            case FallocateMode.None or FallocateMode.KeepSize:
                return await AllocateAsync(inode, offsetBytes, endBytes, keepsSize, availableBytes, caller).ConfigureAwait(false);
            case FallocateMode.PunchHole | FallocateMode.KeepSize:
                return await PunchAsync(inode, offsetBytes, endBytes, caller).ConfigureAwait(false);
            case FallocateMode.ZeroRange or (FallocateMode.ZeroRange | FallocateMode.KeepSize):
                int status = await PunchAsync(inode, offsetBytes, endBytes, caller).ConfigureAwait(false);
                return status != 0 ? status : await AllocateAsync(inode, offsetBytes, endBytes, keepsSize, availableBytes, caller).ConfigureAwait(false);
            case FallocateMode.CollapseRange or FallocateMode.InsertRange:
                return await ShiftAsync(inode, offsetBytes, lengthBytes, mode == FallocateMode.InsertRange, caller).ConfigureAwait(false);
            case FallocateMode.UnshareRange or (FallocateMode.UnshareRange | FallocateMode.KeepSize):
                // Shared extents are never written in place, so there is nothing to unshare.
                return 0;
            default:
                return -Errno.EOPNOTSUPP;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> AllocateAsync(ulong inode, long offsetBytes, long endBytes, bool keepsSize, long availableBytes, Caller caller)
    {
        OpResult<InodeAttributes> look = await _engine.ReadAsync<AttributesBody, InodeAttributes>(new AttributesBody(inode)).ConfigureAwait(false);
        if (!look.IsOk)
        {
            return services.Fail(inode, look.Errno);
        }
        // At least so much of the range is not allocated yet; the rest may be.
        if (endBytes - offsetBytes - look.Value.AllocatedBytes > availableBytes)
        {
            return -Errno.ENOSPC;
        }
        long cursor = ExtentRecord.RoundDown(offsetBytes), toBytes = ExtentRecord.RoundUp(endBytes);
        while (cursor < toBytes)
        {
            AllocateBody body = new(inode, cursor, toBytes, keepsSize ? 0 : endBytes, trims.Pending, _engine.ChecksumKind);
            OpResult<long> batch = await _engine.CommitAsync<AllocateBody, long>(body, caller, CommitKind.Fallocate).ConfigureAwait(false);
            int status = batch.IsOk ? 0 : await ResolveAsync(inode, batch.Errno, caller).ConfigureAwait(false);
            if (status != 0)
            {
                return status;
            }
            cursor = batch.IsOk ? batch.Value : cursor;
        }
        return 0;
    }

    /// <summary>Does what a body asked to be done before it; 0: try it again.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ResolveAsync(ulong inode, int errno, Caller caller)
    {
        switch (errno)
        {
            case DataErrno.TrimFirst:
                return await trims.FinishAsync(inode).ConfigureAwait(false);
            case DataErrno.ConvertFirst:
                int moved = await writer.WriteAsync(inode, 0, default, WriteOptions.FromCache, WriteRules.Convert, caller).ConfigureAwait(false);
                return Math.Min(moved, 0);
            case DataErrno.TooMuch:
                return -Errno.EOPNOTSUPP;
            default:
                return services.Fail(inode, errno);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> PunchAsync(ulong inode, long offsetBytes, long endBytes, Caller caller)
    {
        for (int conflicts = 0; conflicts < MaxConflicts; conflicts++)
        {
            OpResult<InodeAttributes> look = await _engine.ReadAsync<AttributesBody, InodeAttributes>(new AttributesBody(inode)).ConfigureAwait(false);
            if (!look.IsOk)
            {
                return services.Fail(inode, look.Errno);
            }
            bool reachesEnd = endBytes >= look.Value.SizeBytes;
            long toBytes = reachesEnd ? ExtentRecord.RoundUp(endBytes) : ExtentRecord.RoundDown(endBytes);
            int status = toBytes < endBytes ? await ZeroEdgeAsync(inode, Math.Max(offsetBytes, toBytes), endBytes, caller).ConfigureAwait(false) : 0;
            if (status == 0 && offsetBytes < toBytes)
            {
                status = await PunchBlocksAsync(inode, offsetBytes, toBytes, reachesEnd ? endBytes : long.MaxValue, caller).ConfigureAwait(false);
            }
            if (status is not -DataErrno.Conflict and not -DataErrno.BeyondEnd)
            {
                return status;
            }
        }
        return -Errno.EIO;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> PunchBlocksAsync(ulong inode, long fromBytes, long toBytes, long maxSizeBytes, Caller caller)
    {
        while (fromBytes < toBytes)
        {
            PunchBody body = new(inode, fromBytes, toBytes, maxSizeBytes, _engine.ChecksumKind);
            OpResult<long> batch = await _engine.CommitAsync<PunchBody, long>(body, caller, CommitKind.Fallocate).ConfigureAwait(false);
            if (!batch.IsOk)
            {
                return services.Fail(inode, batch.Errno);
            }
            fromBytes = batch.Value;
        }
        return 0;
    }

    /// <summary>Zeros in a part of one block that has bytes to be kept behind it: written like any others, unless there is nothing but zeros.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ZeroEdgeAsync(ulong inode, long fromBytes, long toBytes, Caller caller)
    {
        SeekBody look = new(inode, fromBytes, seeksData: true, _engine);
        OpResult<SeekAnswer> data = await QuietRead.RunAsync<SeekBody, SeekAnswer>(_engine, look).ConfigureAwait(false);
        if (data.Errno == Errno.ENXIO || (data.IsOk && data.Value.OffsetBytes >= toBytes))
        {
            return 0;
        }
        if (!data.IsOk)
        {
            return services.Fail(inode, data.Errno);
        }
        NativeSlice scratch = _engine.Scratch.Rent();
        try
        {
            NativeSlice zeros = scratch.Slice(0, (int)(toBytes - fromBytes));
            zeros.Span.Clear();
            int written = await writer.WriteAsync(inode, fromBytes, zeros, WriteOptions.None, WriteRules.NoExtend, caller).ConfigureAwait(false);
            return Math.Min(written, 0);
        }
        finally
        {
            _engine.Scratch.Return(scratch);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ShiftAsync(ulong inode, long offsetBytes, long lengthBytes, bool isInsert, Caller caller)
    {
        if (offsetBytes % Limits.BlockBytes != 0 || lengthBytes % Limits.BlockBytes != 0)
        {
            return -Errno.EINVAL;
        }
        while (true)
        {
            ShiftBody body = new(inode, offsetBytes, lengthBytes, isInsert, trims.Pending, _engine.ChecksumKind);
            OpResult<bool> commit = await _engine.CommitAsync<ShiftBody, bool>(body, caller, CommitKind.Fallocate).ConfigureAwait(false);
            int status = commit.IsOk ? 0 : await ResolveAsync(inode, commit.Errno, caller).ConfigureAwait(false);
            if (commit.IsOk || status != 0)
            {
                return status;
            }
        }
    }
}
