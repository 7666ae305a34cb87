using System.Runtime.CompilerServices;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>
/// Puts file bytes into the log and their extent records into the write's state: compressed when that saves 1/8, else raw. Digests are
/// computed before room is reserved, and between reservation and completion nothing is awaited. Raw bytes are copied once.
/// </summary>
internal sealed class ExtentStorer(DataServices services)
{
    private readonly IEngine _engine = services.Engine;
    private readonly CompressionGate _gate = new(services.Counters);
    private readonly int _rawCapBytes = ExtentRecord.RawCapBytes(services.Engine.ChecksumKind);

    /// <summary>Stores the bytes of [fileOffset, fileOffset + length), which begins at a block. 0 or -errno.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> StoreAsync(WriteState state, long fileOffsetBytes, NativeSlice data, NativeSlice scratch)
    {
        for (int at = 0; at < data.LengthBytes; at += Limits.MaxExtentBytes)
        {
            NativeSlice piece = data.Slice(at, Math.Min(Limits.MaxExtentBytes, data.LengthBytes - at));
            int storedBytes = TryCompress(state.Inode, piece, scratch);
            int status = storedBytes > 0
                ? await StoreCompressedAsync(state, fileOffsetBytes + at, piece.LengthBytes, scratch.Slice(0, storedBytes)).ConfigureAwait(false)
                : await StoreRawAsync(state, fileOffsetBytes + at, piece).ConfigureAwait(false);
            if (status != 0)
            {
                return status;
            }
        }
        return 0;
    }

    /// <summary>The compressed length in the scratch; 0: store it raw.</summary>
    private int TryCompress(ulong inode, NativeSlice piece, NativeSlice scratch)
    {
        if (!_gate.ShouldTry(inode, piece.Span, _engine.DataCodec, scratch.Span))
        {
            return 0;
        }
        int storedBytes = Codec.Compress(_engine.DataCodec, piece.Span, scratch.Span[..CompressionGate.BudgetBytes(piece.LengthBytes)]);
        if (storedBytes > 0)
        {
            _gate.Succeeded(inode);
        }
        else
        {
            _gate.Failed(inode);
        }
        return storedBytes;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> StoreCompressedAsync(WriteState state, long fileOffsetBytes, int rawBytes, NativeSlice stored)
    {
        ExtentTag tag = new(state.Inode, fileOffsetBytes, rawBytes, _engine.DataCodec);
        OpResult<DataReservation> room = await _engine.ReserveDataAsync(stored.LengthBytes, isAligned: false, tag).ConfigureAwait(false);
        if (!room.IsOk)
        {
            return -room.Errno;
        }
        state.Hold(room.Value.AddressBytes);
        FillCompressed(state, fileOffsetBytes, rawBytes, stored, room.Value);
        return 0;
    }

    private void FillCompressed(WriteState state, long fileOffsetBytes, int rawBytes, NativeSlice stored, in DataReservation room)
    {
        Span<byte> digest = stackalloc byte[Checksum.MaxWidthBytes];
        Checksum.Compute(_engine.ChecksumKind, stored.Span, digest);
        stored.Span.CopyTo(room.Memory.Span);
        _engine.CompleteData(room, digest);
        Span<byte> record = stackalloc byte[ExtentRecord.MaxBytes];
        ExtentRecord.WriteHeader(record, new Extent(0, room.AddressBytes, stored.LengthBytes, rawBytes, 0, rawBytes, _engine.DataCodec, IsUnwritten: false));
        int widthBytes = Checksum.WidthBytes(_engine.ChecksumKind);
        digest[..widthBytes].CopyTo(record[ExtentRecord.HeaderBytes..]);
        state.AddRecord(fileOffsetBytes, record[..(ExtentRecord.HeaderBytes + widthBytes)], _engine.ChecksumKind);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> StoreRawAsync(WriteState state, long fileOffsetBytes, NativeSlice piece)
    {
        for (int at = 0; at < piece.LengthBytes; at += _rawCapBytes)
        {
            NativeSlice part = piece.Slice(at, Math.Min(_rawCapBytes, piece.LengthBytes - at));
            ExtentTag tag = new(state.Inode, fileOffsetBytes + at, part.LengthBytes, CodecKind.None);
            state.Digests.Compute(_engine.ChecksumKind, part.Span);
            OpResult<DataReservation> room = await _engine.ReserveDataAsync(part.LengthBytes, isAligned: true, tag).ConfigureAwait(false);
            if (!room.IsOk)
            {
                return -room.Errno;
            }
            state.Hold(room.Value.AddressBytes);
            part.Span.CopyTo(room.Value.Memory.Span);
            _engine.CompleteData(room.Value, state.Digests.Whole);
            AddRaw(state, fileOffsetBytes + at, room.Value.AddressBytes, part.LengthBytes);
        }
        return 0;
    }

    private void AddRaw(WriteState state, long fileOffsetBytes, long addressBytes, int lengthBytes)
    {
        Span<byte> record = stackalloc byte[ExtentRecord.MaxBytes];
        ExtentRecord.WriteHeader(record, new Extent(0, addressBytes, lengthBytes, lengthBytes, 0, lengthBytes, CodecKind.None, IsUnwritten: false));
        state.Digests.Blocks.CopyTo(record[ExtentRecord.HeaderBytes..]);
        state.AddRecord(fileOffsetBytes, record[..(ExtentRecord.HeaderBytes + state.Digests.Blocks.Length)], _engine.ChecksumKind);
    }
}
