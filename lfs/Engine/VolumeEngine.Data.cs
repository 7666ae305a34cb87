using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Engine;

// Stored bytes: into the open frame, and back from a frame in memory or from the device.
internal sealed partial class VolumeEngine
{
    public ValueTask<OpResult<DataReservation>> ReserveDataAsync(int storedLengthBytes, bool isAligned, ExtentTag tag)
    {
        int status = TryReserve(storedLengthBytes, isAligned, tag, out DataReservation reservation);
        return status is -Errno.EAGAIN or -Errno.ENOSPC or -Errno.EBUSY
            ? ReserveSlowAsync(storedLengthBytes, isAligned, tag, status)
            : new ValueTask<OpResult<DataReservation>>(new OpResult<DataReservation>(-status, reservation));
    }

    private int TryReserve(int storedLengthBytes, bool isAligned, in ExtentTag tag, out DataReservation reservation)
    {
        if (!IsWritable || Log.Failure != 0)
        {
            reservation = default;
            return -Errno.EROFS;
        }
        if (!MayPlace(storedLengthBytes, tag))
        {
            reservation = default;
            return -Errno.ENOSPC;
        }
        if (WantsCleaning && Cleaner is { } cleaner && !cleaner.Pace.TrySpend(storedLengthBytes))
        {
            reservation = default;
            return -Errno.EBUSY;
        }
        return Log.TryReserve(storedLengthBytes, isAligned, tag, out reservation);
    }

    public void ReleaseData(long addressBytes) => Segments.Unreserve(addressBytes);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<OpResult<DataReservation>> ReserveSlowAsync(int storedLengthBytes, bool isAligned, ExtentTag tag, int status)
    {
        SpaceSearch search = default;
        while (true)
        {
            int resolved = status == -Errno.ENOSPC
                ? await ResolveSpaceAsync(search.Next(FactsFor(mayUseReserve: false)), isCleaner: false).ConfigureAwait(false)
                : status == -Errno.EBUSY ? await Cleaner!.Pace.WaitAsync().ConfigureAwait(false)
                : await ResolveAsync(new Stall(StallKind.Log, default)).ConfigureAwait(false);
            if (resolved != 0)
            {
                return OpResult<DataReservation>.Fail(-resolved);
            }
            status = TryReserve(storedLengthBytes, isAligned, tag, out DataReservation reservation);
            if (status is not (-Errno.EAGAIN or -Errno.ENOSPC or -Errno.EBUSY))
            {
                return new OpResult<DataReservation>(-status, reservation);
            }
        }
    }

    public void CompleteData(in DataReservation reservation, ReadOnlySpan<byte> digest) => Log.Complete(reservation, digest);

    public ValueTask<int> ReadStoredAsync(long addressBytes, NativeSlice destination)
    {
        if (addressBytes < Superblock.SegmentBytes || addressBytes > Superblock.DeviceBytes - destination.LengthBytes)
        {
            return new ValueTask<int>(-Errno.EIO);
        }
        if (Log is not null && Log.TryReadInFlight(addressBytes, destination.Span))
        {
            return new ValueTask<int>(0);
        }
        int alignment = _device.AlignmentBytes;
        return IsAligned(addressBytes, destination, alignment) ? _device.ReadAsync(addressBytes, destination) : BounceAsync(addressBytes, destination, alignment);
    }

    private static unsafe bool IsAligned(long addressBytes, NativeSlice destination, int alignment)
        => ((addressBytes | (uint)destination.LengthBytes | (long)destination.Pointer) & (alignment - 1)) == 0;

    /// <summary>
    /// What the device's alignment does not allow at once: the aligned middle goes straight to the destination when memory and address
    /// are aligned alike, the rest through scratch.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> BounceAsync(long addressBytes, NativeSlice destination, int alignment)
    {
        int done = 0;
        int direct = destination.LengthBytes & -alignment;
        if (direct > 0 && IsAligned(addressBytes, destination.Slice(0, direct), alignment))
        {
            int result = await _device.ReadAsync(addressBytes, destination.Slice(0, direct)).ConfigureAwait(false);
            if (result != 0)
            {
                return result;
            }
            done = direct;
        }
        NativeSlice bounce = Scratch.Rent();
        try
        {
            while (done < destination.LengthBytes)
            {
                long start = (addressBytes + done) & -alignment;
                int skip = (int)(addressBytes + done - start);
                int part = Math.Min(bounce.LengthBytes - skip, destination.LengthBytes - done);
                int result = await _device.ReadAsync(start, bounce.Slice(0, (skip + part + alignment - 1) & -alignment)).ConfigureAwait(false);
                if (result != 0)
                {
                    return result;
                }
                bounce.Slice(skip, part).Span.CopyTo(destination.Slice(done, part).Span);
                done += part;
            }
            return 0;
        }
        finally
        {
            Scratch.Return(bounce);
        }
    }

    ValueTask<int> IPageStore.ReadAsync(in PagePointer pointer, NativeSlice destination) => ReadPageAsync(pointer, destination);

    /// <summary>A stored page, verified and decompressed. Contract 2: bad bytes are named in the log and never returned.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadPageAsync(PagePointer pointer, NativeSlice destination)
    {
        int stored = (int)pointer.StoredLengthBytes;
        if (stored <= 0 || stored > destination.LengthBytes)
        {
            return -Errno.EIO;
        }
        NativeSlice scratch = Scratch.Rent();
        try
        {
            NativeSlice bytes = scratch.Slice(0, stored);
            if (!IndexHead.TryReadInFlight((long)pointer.AddressBytes, bytes.Span))
            {
                int result = await ReadStoredAsync((long)pointer.AddressBytes, bytes).ConfigureAwait(false);
                if (result != 0)
                {
                    return result;
                }
            }
            return Unpack(pointer, bytes.Span, destination.Span);
        }
        finally
        {
            Scratch.Return(scratch);
        }
    }

    private int Unpack(PagePointer pointer, ReadOnlySpan<byte> stored, Span<byte> page)
    {
        if (!Checksum.Verify(ChecksumKind, stored, pointer.Digest))
        {
            Seams.Log.Write(Journal.Runtime.LogSeverity.Error, $"checksum mismatch of stored metadata at device address {pointer.AddressBytes}, {stored.Length} bytes");
            return -Errno.EIO;
        }
        if (pointer.Codec == CodecKind.None)
        {
            stored.CopyTo(page);
            return stored.Length == page.Length ? 0 : -Errno.EIO;
        }
        return Codec.Decompress(pointer.Codec, stored, page) ? 0 : -Errno.EIO;
    }

    /// <summary>Reads and verifies a blob of the segment table; exact raw length.</summary>
    public ValueTask<int> ReadBlobAsync(in PagePointer pointer, NativeSlice destination) => ReadPageAsync(pointer, destination);
}
