using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>
/// Carries out a read plan: all its device reads are under way before the first is awaited; raw blocks go straight into the
/// destination where they fit; what comes back is verified before a byte of it counts (invariant D6).
/// </summary>
internal sealed class ExtentFetcher(DataServices services)
{
    private readonly IEngine _engine = services.Engine;
    private readonly ExtentDecoder _decoder = new(services.Engine);

    /// <summary>
    /// 0: the destination holds the file's bytes up to <see cref="ReadState.PlannedToBytes"/>. <see cref="DataErrno.Conflict"/> negated:
    /// bytes did not verify, but their record has changed since the plan. -EIO: they are bad; logged, and their part of the destination is zeros.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> FetchAsync(ReadState state)
    {
        Issue(state);
        for (int i = 0; i < state.IoCount; i++)
        {
            state.Ios[i].Status = await state.Ios[i].Pending.ConfigureAwait(false);
        }
        if (Finish(state))
        {
            return 0;
        }
        OpResult<bool> same = await _engine.ReadAsync<SameRecordBody, bool>(new SameRecordBody(state)).ConfigureAwait(false);
        if (same.IsOk && !same.Value)
        {
            Interlocked.Increment(ref services.Counters.RelocatedReads);
            return -DataErrno.Conflict;
        }
        Interlocked.Increment(ref services.Counters.DigestMismatches);
        Report(state);
        return -Errno.EIO;
    }

    private void Issue(ReadState state)
    {
        for (int i = 0; i < state.Count; i += state.Ios[state.IoCount - 1].Count)
        {
            ref PlannedIo io = ref state.Ios[state.IoCount++];
            io = PlanIo(state, i);
            io.Pending = _engine.ReadStoredAsync(io.AddressBytes, io.Memory);
        }
    }

    private PlannedIo PlanIo(ReadState state, int first)
    {
        ref readonly PlannedExtent planned = ref state.Extents[first];
        PlannedIo io = new() { First = first, Count = 1, AddressBytes = planned.Extent.AddressBytes };
        int storedBytes = planned.Extent.StoredLengthBytes;
        if (planned.Extent.Form == ExtentForm.Raw)
        {
            (int skippedBytes, storedBytes) = BlockRange(planned);
            io.AddressBytes += skippedBytes;
            if (IsDirect(state, planned, storedBytes))
            {
                int totalBytes = storedBytes;
                while (first + io.Count < state.Count && Continues(state, state.Extents[first + io.Count], planned.FromBytes + totalBytes, io.AddressBytes + totalBytes, out int moreBytes))
                {
                    totalBytes += moreBytes;
                    io.Count++;
                }
                io.Memory = state.Target(planned.FromBytes, totalBytes);
                return io;
            }
        }
        io.Scratch = _engine.Scratch.Rent();
        io.Memory = io.Scratch.Slice(0, storedBytes);
        return io;
    }

    /// <summary>The stored blocks of a raw extent that the plan touches: where they begin in it, and their length.</summary>
    internal static (int SkippedBytes, int StoredBytes) BlockRange(in PlannedExtent planned)
    {
        int start = (int)ExtentRecord.RoundDown(planned.SkipBytes);
        int end = (int)Math.Min(planned.Extent.StoredLengthBytes, ExtentRecord.RoundUp(planned.SkipBytes + planned.LengthBytes));
        return (start, end - start);
    }

    private static bool IsDirect(ReadState state, in PlannedExtent planned, int storedBytes)
        => planned.FromBytes % Limits.BlockBytes == 0 && state.Target(planned.FromBytes, storedBytes).LengthBytes == storedBytes;

    private static bool Continues(ReadState state, in PlannedExtent next, long fromBytes, long addressBytes, out int storedBytes)
    {
        storedBytes = 0;
        if (next.Extent.Form != ExtentForm.Raw || next.FromBytes != fromBytes || next.Extent.AddressBytes != addressBytes || next.SkipBytes != 0)
        {
            return false;
        }
        storedBytes = BlockRange(next).StoredBytes;
        return IsDirect(state, next, storedBytes);
    }

    /// <summary>Verifies and places everything; false at the first extent that is bad. Gives every scratch back.</summary>
    private bool Finish(ReadState state)
    {
        bool isGood = true;
        long cursor = state.OffsetBytes;
        for (int i = 0; i < state.IoCount; i++)
        {
            ref PlannedIo io = ref state.Ios[i];
            int ioBytes = 0;
            for (int e = io.First; e < io.First + io.Count; e++)
            {
                ref readonly PlannedExtent planned = ref state.Extents[e];
                Zero(state, cursor, planned.FromBytes);
                if (isGood && !_decoder.TryPlace(state, e, io, ioBytes))
                {
                    isGood = false;
                }
                ioBytes += planned.Extent.Form == ExtentForm.Raw ? BlockRange(planned).StoredBytes : 0;
                cursor = planned.FromBytes + planned.LengthBytes;
                if (!isGood)
                {
                    state.Target(planned.FromBytes, planned.LengthBytes).Span.Clear();
                }
            }
            if (!io.Scratch.IsEmpty)
            {
                _engine.Scratch.Return(io.Scratch);
            }
            io = default;
        }
        Zero(state, cursor, ExtentRecord.RoundUp(state.PlannedToBytes));
        return isGood;
    }

    private static void Zero(ReadState state, long fromBytes, long toBytes)
    {
        if (toBytes > fromBytes && fromBytes - state.OffsetBytes < state.Destination.LengthBytes)
        {
            state.Target(fromBytes, toBytes - fromBytes).Span.Clear();
        }
    }

    private void Report(ReadState state)
    {
        ref readonly PlannedExtent planned = ref state.Extents[state.FailedExtent];
        string what = state.FailedErrno != 0
            ? $"cannot be read (errno {state.FailedErrno})"
            : $"do not match their checksum (expected {Convert.ToHexStringLower(state.ExpectedDigest)}, read {Convert.ToHexStringLower(state.ActualDigest)})";
        _engine.Seams.Log.Write(LogSeverity.Error,
            $"inode {state.Inode}, file offset {planned.FromBytes}: {state.FailedLengthBytes} bytes at device address {state.FailedAddressBytes} {what}");
    }
}
