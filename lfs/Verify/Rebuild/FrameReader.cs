using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Verify.Rebuild;

/// <summary>
/// Reads frames by their own description: header and tail verified, data only where somebody asks. One buffer for a frame, one for a redo; a block that cannot
/// be read is like one that holds nothing.
/// </summary>
internal sealed class FrameReader(IBlockDevice device, Superblock superblock) : IDisposable
{
    private const int WindowBytes = 256 * 1024;
    private readonly AlignedBuffer _frame = new(FrameFormat.RoundUpToBlock(FrameLimits.MaxFrameBytes));
    private readonly AlignedBuffer _window = new(WindowBytes);
    private readonly byte[] _redo = new byte[FrameLimits.MaxRedoBytes];
    private long _windowStart = -1;
    private int _windowBytes;

    public FrameHeader Header { get; private set; }
    public FrameRef Reference { get; private set; }

    /// <summary>True when a frame of this volume begins at the address and its tail is as written.</summary>
    public async ValueTask<bool> TryReadTailAsync(long addressBytes)
    {
        if (!await FillAsync(addressBytes).ConfigureAwait(false) || !TryHeader(addressBytes))
        {
            return false;
        }
        int first = Header.TailOffset / FrameFormat.BlockBytes * FrameFormat.BlockBytes;
        int end = FrameFormat.RoundUpToBlock(Header.TailOffset + Header.TailBytes);
        if (end <= first)
        {
            end = first + FrameFormat.BlockBytes;
        }
        end = Math.Min(end, Header.LengthBytes);
        return await device.ReadAsync(addressBytes + first, _frame.Slice.Slice(first, end - first)).ConfigureAwait(false) == 0 && IsTailGood();
    }

    /// <summary>The whole frame, for its extents.</summary>
    public async ValueTask<bool> TryReadAllAsync(long addressBytes)
        => await TryReadTailAsync(addressBytes).ConfigureAwait(false)
            && await device.ReadAsync(addressBytes, _frame.Slice.Slice(0, Header.LengthBytes)).ConfigureAwait(false) == 0 && IsTailGood();

    public int ExtentCount => Header.ExtentCount;

    /// <summary>An entry of the extent table; false when it makes no sense.</summary>
    public bool TryEntry(int index, out ExtentEntry entry)
    {
        int bytes = FrameFormat.EntryBytes(Header.ChecksumKind);
        return ExtentEntry.TryRead(_frame.Span.Slice(Header.TailOffset + (index * bytes), bytes), Checksum.WidthBytes(Header.ChecksumKind), Header.LengthBytes, out entry);
    }

    /// <summary>The stored bytes of an extent of a frame that was read whole.</summary>
    public ReadOnlySpan<byte> Stored(in ExtentEntry entry) => _frame.Span.Slice(entry.OffsetInFrame, entry.StoredBytes);

    /// <summary>The frame's commits; empty when it has none or they do not decompress.</summary>
    public ReadOnlySpan<byte> Redo()
    {
        ReadOnlySpan<byte> stored = _frame.Span.Slice(Header.TailOffset + (Header.ExtentCount * FrameFormat.EntryBytes(Header.ChecksumKind)), Header.RedoStoredBytes);
        if (Header.RedoCodec == CodecKind.None)
        {
            stored.CopyTo(_redo);
            return _redo.AsSpan(0, stored.Length == Header.RedoRawBytes ? stored.Length : 0);
        }
        return Codec.Decompress(Header.RedoCodec, stored, _redo.AsSpan(0, Header.RedoRawBytes)) ? _redo.AsSpan(0, Header.RedoRawBytes) : default;
    }

    private bool TryHeader(long addressBytes)
    {
        ReadOnlySpan<byte> bytes = _window.Span.Slice((int)(addressBytes - _windowStart), FrameFormat.HeaderBytes);
        long room = superblock.SegmentBytes - (addressBytes % superblock.SegmentBytes);
        if (!FrameHeader.TryRead(bytes, out FrameHeader header) || header.VolumeId != superblock.VolumeId || header.AddressBytes != addressBytes || header.LengthBytes > room)
        {
            return false;
        }
        bytes.CopyTo(_frame.Span);
        Header = header;
        Reference = FrameRef.Of(header, bytes);
        return true;
    }

    private bool IsTailGood()
        => Checksum.Verify(Header.ChecksumKind, _frame.Span.Slice(Header.TailOffset, Header.TailBytes), _window.Span.Slice((int)(Header.AddressBytes - _windowStart) + FrameFormat.TailDigestOffset, Checksum.MaxWidthBytes));

    private async ValueTask<bool> FillAsync(long addressBytes)
    {
        if (_windowStart >= 0 && addressBytes >= _windowStart && addressBytes + FrameFormat.BlockBytes <= _windowStart + _windowBytes)
        {
            return true;
        }
        long room = superblock.SegmentBytes - (addressBytes % superblock.SegmentBytes);
        (_windowStart, _windowBytes) = (addressBytes, (int)Math.Min(WindowBytes, room));
        if (await device.ReadAsync(addressBytes, _window.Slice.Slice(0, _windowBytes)).ConfigureAwait(false) == 0)
        {
            return true;
        }
        _windowBytes = FrameFormat.BlockBytes;
        if (await device.ReadAsync(addressBytes, _window.Slice.Slice(0, _windowBytes)).ConfigureAwait(false) == 0)
        {
            return true;
        }
        _windowStart = -1;
        return false;
    }

    public void Dispose()
    {
        _frame.Dispose();
        _window.Dispose();
    }
}
