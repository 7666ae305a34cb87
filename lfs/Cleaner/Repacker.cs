using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Data;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Cleaner;

/// <summary>
/// Stores what a record shows of compressed bytes anew, alone. Moved as they are, the dead rest of the bytes would move with them, again and again, and space
/// that counts as free would never be got back.
/// </summary>
internal sealed class Repacker(VolumeEngine engine) : IDisposable
{
    private readonly NativeSlice _raw = engine.Scratch.Rent();
    private readonly NativeSlice _packed = engine.Scratch.Rent();
    private readonly RawDigests _digests = new();
    private long _preparedAddressBytes;
    private NativeSlice _visible;

    public NativeSlice Stored { get; private set; }
    public CodecKind Codec { get; private set; }

    /// <summary>Reads, verifies, cuts and compresses. 0 or -errno; -EFBIG: these bytes can only move as they are.</summary>
    public async ValueTask<int> PrepareAsync(MoveUnit unit, LiveList live)
    {
        Extent extent = live[unit.First].Extent;
        if (_preparedAddressBytes != unit.AddressBytes)
        {
            _preparedAddressBytes = 0;
            NativeSlice stored = _packed.Slice(0, unit.StoredBytes);
            int result = await engine.ReadStoredAsync(unit.AddressBytes, stored).ConfigureAwait(false);
            if (result != 0)
            {
                return result;
            }
            if (!StoredReader.Matches(engine.ChecksumKind, extent, live.Value(unit.First), stored.Span)
                || !Journal.Codec.Codec.Decompress(extent.Codec, stored.Span, _raw.Slice(0, extent.RawLengthBytes).Span))
            {
                return -Errno.EIO;
            }
            _preparedAddressBytes = unit.AddressBytes;
        }
        int length = (int)extent.VisibleLengthBytes;
        _visible = _raw.Slice(extent.OffsetInRawBytes, length);

        // Raw would be simpler where nothing is saved, but a raw record can't describe more than this.
        bool mayBeRaw = length <= ExtentRecord.RawCapBytes(engine.ChecksumKind);
        int budget = mayBeRaw ? length - (length / 8) : length;
        int packed = Journal.Codec.Codec.Compress(extent.Codec, _visible.Span, _packed.Slice(0, budget).Span);
        if (packed == 0 && !mayBeRaw)
        {
            return -Errno.EFBIG;
        }
        Codec = packed > 0 ? extent.Codec : CodecKind.None;
        Stored = packed > 0 ? _packed.Slice(0, packed) : _visible;
        return 0;
    }

    /// <summary>What was read may have been overwritten on the device since.</summary>
    public void Forget() => _preparedAddressBytes = 0;

    /// <summary>The record of what was prepared, at its new address.</summary>
    public void PutRecord(LiveList live, int index, long addressBytes)
    {
        Span<byte> record = stackalloc byte[ExtentRecord.MaxBytes];
        int visible = _visible.LengthBytes;
        scoped ReadOnlySpan<byte> digests;
        Span<byte> digest = stackalloc byte[Checksum.MaxWidthBytes];
        if (Codec == CodecKind.None)
        {
            _digests.Compute(engine.ChecksumKind, Stored.Span);
            digests = _digests.Blocks;
        }
        else
        {
            Checksum.Compute(engine.ChecksumKind, Stored.Span, digest);
            digests = digest[..Checksum.WidthBytes(engine.ChecksumKind)];
        }
        ExtentRecord.WriteHeader(record, new Extent(0, addressBytes, Stored.LengthBytes, visible, 0, visible, Codec, IsUnwritten: false));
        digests.CopyTo(record[ExtentRecord.HeaderBytes..]);
        live.Replace(index, record[..(ExtentRecord.HeaderBytes + digests.Length)]);
    }

    public void Dispose()
    {
        engine.Scratch.Return(_raw);
        engine.Scratch.Return(_packed);
    }
}
