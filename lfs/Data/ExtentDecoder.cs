using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>Turns stored bytes into file bytes: verifies, decompresses, places. On failure it says in the state what was bad.</summary>
internal sealed class ExtentDecoder(IEngine engine)
{
    private readonly ChecksumKind _checksum = engine.ChecksumKind;

    /// <param name="ioBytes">Where this extent's stored bytes begin in the transfer's memory.</param>
    public bool TryPlace(ReadState state, int index, in PlannedIo io, int ioBytes)
    {
        state.FailedExtent = index;
        state.FailedErrno = -io.Status;
        state.FailedAddressBytes = io.AddressBytes + ioBytes;
        state.FailedLengthBytes = io.Memory.LengthBytes - ioBytes;
        if (io.Status != 0)
        {
            return false;
        }
        return state.Extents[index].Extent.Form == ExtentForm.Raw ? TryPlaceRaw(state, index, io, ioBytes) : TryPlaceCompressed(state, index, io);
    }

    private bool TryPlaceRaw(ReadState state, int index, in PlannedIo io, int ioBytes)
    {
        ref readonly PlannedExtent planned = ref state.Extents[index];
        (int skippedBytes, int storedBytes) = ExtentFetcher.BlockRange(planned);
        ReadOnlySpan<byte> stored = io.Memory.Span.Slice(ioBytes, storedBytes);
        ReadOnlySpan<byte> record = state.Record(index);
        for (int at = 0; at < storedBytes; at += Limits.BlockBytes)
        {
            ReadOnlySpan<byte> block = stored.Slice(at, Math.Min(Limits.BlockBytes, storedBytes - at));
            ReadOnlySpan<byte> digest = ExtentRecord.BlockDigest(record, (skippedBytes + at) / Limits.BlockBytes, _checksum);
            if (!Checksum.Verify(_checksum, block, digest))
            {
                return Mismatch(state, io.AddressBytes + ioBytes + at, block, digest);
            }
        }
        if (!io.Scratch.IsEmpty)
        {
            stored.Slice(planned.SkipBytes - skippedBytes, planned.LengthBytes).CopyTo(state.Target(planned.FromBytes, planned.LengthBytes).Span);
        }
        return true;
    }

    private bool TryPlaceCompressed(ReadState state, int index, in PlannedIo io)
    {
        ref readonly PlannedExtent planned = ref state.Extents[index];
        ReadOnlySpan<byte> stored = io.Memory.Span, digest = ExtentRecord.Digests(state.Record(index));
        if (!Checksum.Verify(_checksum, stored, digest))
        {
            return Mismatch(state, io.AddressBytes, stored, digest);
        }
        int rawBytes = planned.Extent.RawLengthBytes, skipBytes = planned.Extent.OffsetInRawBytes + planned.SkipBytes;
        if (skipBytes == 0 && planned.LengthBytes == rawBytes)
        {
            return TryDecompress(state, planned.Extent, io, stored, state.Target(planned.FromBytes, rawBytes).Span);
        }
        NativeSlice scratch = engine.Scratch.Rent();
        try
        {
            if (!TryDecompress(state, planned.Extent, io, stored, scratch.Span[..rawBytes]))
            {
                return false;
            }
            scratch.Span.Slice(skipBytes, planned.LengthBytes).CopyTo(state.Target(planned.FromBytes, planned.LengthBytes).Span);
            return true;
        }
        finally
        {
            engine.Scratch.Return(scratch);
        }
    }

    private bool TryDecompress(ReadState state, in Extent extent, in PlannedIo io, ReadOnlySpan<byte> stored, Span<byte> destination)
        => Codec.Decompress(extent.Codec, stored, destination) || Mismatch(state, io.AddressBytes, stored, default);

    private bool Mismatch(ReadState state, long addressBytes, ReadOnlySpan<byte> data, ReadOnlySpan<byte> expected)
    {
        state.FailedErrno = 0;
        state.FailedAddressBytes = addressBytes;
        state.FailedLengthBytes = data.Length;
        state.ExpectedDigest.AsSpan().Clear();
        expected.CopyTo(state.ExpectedDigest);
        Checksum.Compute(_checksum, data, state.ActualDigest);
        return false;
    }
}
