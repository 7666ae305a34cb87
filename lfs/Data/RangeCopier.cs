using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>copy_file_range(2): shares extents where both offsets are at block borders, and copies through scratch where not.</summary>
internal sealed class RangeCopier(DataServices services, FileReader reader, FileWriter writer, TrimFinisher trims)
{
    private const long MaxCallBytes = 64L << 20, FirstBatchBytes = 16L << 20;
    private readonly IEngine _engine = services.Engine;

    /// <summary>Bytes copied (0 at the source's end; at most 64 MiB a call), or an errno when there were none.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<OpResult<long>> CopyAsync(CopyRange range, Caller caller)
    {
        if (range.SourceOffsetBytes < 0 || range.TargetOffsetBytes < 0 || range.LengthBytes < 0)
        {
            return OpResult<long>.Fail(Errno.EINVAL);
        }
        long wanted = Math.Min(range.LengthBytes, MaxCallBytes);
        if (range.TargetOffsetBytes > Limits.MaxFileBytes - wanted)
        {
            return OpResult<long>.Fail(Errno.EFBIG);
        }
        if (range.Source == range.Target && Math.Abs(range.SourceOffsetBytes - range.TargetOffsetBytes) < range.LengthBytes)
        {
            return OpResult<long>.Fail(Errno.EINVAL);
        }
        OpResult<InodeAttributes> look = await _engine.ReadAsync<AttributesBody, InodeAttributes>(new AttributesBody(range.Source)).ConfigureAwait(false);
        if (!look.IsOk)
        {
            return OpResult<long>.Fail(-services.Fail(range.Source, look.Errno));
        }
        // The end is the one before the copy: a copy within one file that makes it longer must not feed on itself.
        wanted = Math.Min(wanted, look.Value.SizeBytes - range.SourceOffsetBytes);
        long done = 0, batchBytes = FirstBatchBytes;
        while (done < wanted)
        {
            CopyRange step = range with { SourceOffsetBytes = range.SourceOffsetBytes + done, TargetOffsetBytes = range.TargetOffsetBytes + done, LengthBytes = wanted - done };
            OpResult<long> copied = await StepAsync(step, batchBytes, caller).ConfigureAwait(false);
            if (copied.Errno == DataErrno.TooMuch && batchBytes > Limits.BlockBytes)
            {
                batchBytes /= 2;
                continue;
            }
            if (!copied.IsOk)
            {
                return done > 0 ? done : copied;
            }
            if (copied.Value == 0)
            {
                break;
            }
            done += copied.Value;
        }
        return done;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<OpResult<long>> StepAsync(CopyRange step, long batchBytes, Caller caller)
    {
        long toBorder = ExtentRecord.RoundUp(step.SourceOffsetBytes) - step.SourceOffsetBytes;
        bool canAlign = (step.SourceOffsetBytes - step.TargetOffsetBytes) % Limits.BlockBytes == 0;
        if (!canAlign || toBorder > 0)
        {
            return await CopyBytesAsync(canAlign ? step with { LengthBytes = Math.Min(step.LengthBytes, toBorder) } : step, caller).ConfigureAwait(false);
        }
        while (true)
        {
            CopyRange shared = step with { LengthBytes = Math.Min(step.LengthBytes, batchBytes) };
            OpResult<long> commit = await _engine.CommitAsync<CopyBody, long>(new CopyBody(shared, trims.Pending, _engine.ChecksumKind), caller, CommitKind.CopyRange).ConfigureAwait(false);
            switch (commit.Errno)
            {
                case 0 or DataErrno.TooMuch:
                    return commit;
                case DataErrno.CopyInstead:
                    return await CopyBytesAsync(step, caller).ConfigureAwait(false);
                case DataErrno.TrimFirst:
                    int status = await trims.FinishAsync(step.Target).ConfigureAwait(false);
                    if (status != 0)
                    {
                        return OpResult<long>.Fail(-status);
                    }
                    break;
                default:
                    return OpResult<long>.Fail(-services.Fail(step.Source, commit.Errno));
            }
        }
    }

    /// <summary>At most one extent's length through scratch memory.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<OpResult<long>> CopyBytesAsync(CopyRange step, Caller caller)
    {
        NativeSlice scratch = _engine.Scratch.Rent();
        try
        {
            NativeSlice room = scratch.Slice(0, (int)Math.Min(step.LengthBytes, Limits.MaxExtentBytes));
            int read = await reader.ReadAsync(step.Source, step.SourceOffsetBytes, room).ConfigureAwait(false);
            if (read <= 0)
            {
                return read == 0 ? 0 : OpResult<long>.Fail(-read);
            }
            int written = await writer.WriteAsync(step.Target, step.TargetOffsetBytes, room.Slice(0, read), WriteOptions.None, WriteRules.None, caller).ConfigureAwait(false);
            return written < 0 ? OpResult<long>.Fail(-written) : written;
        }
        finally
        {
            _engine.Scratch.Return(scratch);
        }
    }
}
