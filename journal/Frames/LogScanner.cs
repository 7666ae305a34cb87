using System.Runtime.InteropServices;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;

namespace Txlfs.Journal.Frames;

/// <summary>
/// Reads the foreground chain forwards from a checkpoint's position, frame by frame, each verified whole (header, chain, tail, every data
/// extent), up to the first frame that is not valid. Sequential device reads through one window of memory.
/// </summary>
public sealed class LogScanner : IDisposable
{
    /// <summary>Read ahead of what a frame needs, so that small frames cost one device read for many.</summary>
    private const int WindowBytes = FrameLimits.MaxFrameBytes;

    private readonly IBlockDevice _device;
    private readonly Guid _volumeId;
    private readonly ulong _generation;
    private readonly int _segmentBytes;
    private readonly unsafe byte* _window = (byte*)NativeMemory.AlignedAlloc(WindowBytes, FrameFormat.BlockBytes);
    private readonly unsafe byte* _redo = (byte*)NativeMemory.Alloc(FrameLimits.MaxRedoBytes);
    private readonly byte[] _previousDigest = new byte[Checksum.MaxWidthBytes];
    private long _segmentAddressBytes;
    private int _offsetBytes;
    private long _successorAddressBytes;
    private ulong _nextSequence;
    private long _windowStartBytes = -1;
    private int _windowFilledBytes;
    private int _redoLengthBytes;
    private FrameHeader _header;

    public LogScanner(IBlockDevice device, Guid volumeId, ulong generation, int segmentBytes, LogPosition start)
    {
        _device = device;
        _volumeId = volumeId;
        _generation = generation;
        _segmentBytes = segmentBytes;
        _segmentAddressBytes = start.SegmentAddressBytes;
        _offsetBytes = start.OffsetBytes;
        _successorAddressBytes = start.SuccessorAddressBytes;
        _nextSequence = start.NextSequence;
        start.PreviousDigest.CopyTo(_previousDigest, 0);
    }

    /// <summary>The last frame that <see cref="NextAsync"/> found.</summary>
    public ref readonly FrameHeader Header => ref _header;
    public unsafe ReadOnlySpan<byte> Redo => new(_redo, _redoLengthBytes);

    /// <summary>Segments that the chain has moved into since the start, in order.</summary>
    public List<long> EnteredSegments { get; } = [];

    /// <summary>Segments that the chain has left, with the last sequence number in each.</summary>
    public List<(long AddressBytes, ulong LastSequence)> LeftSegments { get; } = [];
    public long ScannedBytes { get; private set; }

    /// <summary>Where the next frame would go.</summary>
    public LogPosition Position => new(_segmentAddressBytes, _offsetBytes, _nextSequence, _previousDigest.ToArray(), _successorAddressBytes);

    /// <summary>1: found a frame; 0: the chain has ended; negative errno: the device could not be read, so nobody knows where the chain ends.</summary>
    public async ValueTask<int> NextAsync()
    {
        int found = await TryFrameAsync(_segmentAddressBytes, _offsetBytes).ConfigureAwait(false);
        if (found != 0)
        {
            return found;
        }
        long successor = _successorAddressBytes;
        if (successor == 0)
        {
            return 0;
        }
        ulong last = _nextSequence - 1;
        long left = _segmentAddressBytes;
        found = await TryFrameAsync(successor, 0).ConfigureAwait(false);
        if (found == 1)
        {
            LeftSegments.Add((left, last));
            EnteredSegments.Add(successor);
        }
        return found;
    }

    /// <summary>
    /// After the end: looks for a frame of this generation that proves that a frame now missing had been acknowledged by the device as durable: in the
    /// rest of the segment and, when the missing frame may have been too long for that, in the successor. Such a device lies about flushes. Returns the
    /// sequence number that was promised, or 0.
    /// </summary>
    public async ValueTask<ulong> FindBrokenPromiseAsync()
    {
        ulong promised = await FindPromiseAsync(_segmentAddressBytes, _offsetBytes).ConfigureAwait(false);
        bool mayHaveMoved = _segmentBytes - _offsetBytes < FrameLimits.MaxFrameBytes + FrameFormat.BlockBytes;
        bool isSuccessorInside = _successorAddressBytes > 0 && _successorAddressBytes <= _device.LengthBytes - _segmentBytes;
        return promised == 0 && mayHaveMoved && isSuccessorInside ? await FindPromiseAsync(_successorAddressBytes, 0).ConfigureAwait(false) : promised;
    }

    private async ValueTask<ulong> FindPromiseAsync(long segmentAddressBytes, int offsetBytes)
    {
        for (int offset = offsetBytes; offset + FrameFormat.BlockBytes <= _segmentBytes; offset += FrameFormat.BlockBytes)
        {
            if (await FillAsync(segmentAddressBytes, offset, FrameFormat.BlockBytes).ConfigureAwait(false) != 0)
            {
                return 0;
            }
            if (FrameHeader.TryRead(At(segmentAddressBytes + offset, FrameFormat.HeaderBytes), out FrameHeader header)
                && header.VolumeId == _volumeId && header.Generation == _generation && header.AddressBytes == segmentAddressBytes + offset
                && header.Head == LogHead.Foreground && header.DurableSequence >= _nextSequence)
            {
                return header.DurableSequence;
            }
        }
        return 0;
    }

    private async ValueTask<int> TryFrameAsync(long segmentAddressBytes, int offsetBytes)
    {
        if (segmentAddressBytes <= 0 || segmentAddressBytes > _device.LengthBytes - _segmentBytes || offsetBytes + FrameFormat.BlockBytes > _segmentBytes)
        {
            return 0;
        }
        int result = await FillAsync(segmentAddressBytes, offsetBytes, FrameFormat.BlockBytes).ConfigureAwait(false);
        if (result != 0)
        {
            return result;
        }
        long address = segmentAddressBytes + offsetBytes;
        if (!IsExpected(address, offsetBytes, out FrameHeader header))
        {
            return 0;
        }
        result = await FillAsync(segmentAddressBytes, offsetBytes, header.LengthBytes).ConfigureAwait(false);
        if (result != 0)
        {
            return result;
        }
        if (!VerifyBody(address, header))
        {
            return 0;
        }
        At(address, FrameFormat.HeaderBytes).Slice(FrameFormat.HeaderDigestOffset, Checksum.MaxWidthBytes).CopyTo(_previousDigest);
        _header = header;
        _segmentAddressBytes = segmentAddressBytes;
        _offsetBytes = offsetBytes + header.LengthBytes;
        _successorAddressBytes = header.SuccessorAddressBytes;
        _nextSequence = header.Sequence + 1;
        ScannedBytes += header.LengthBytes;
        return 1;
    }

    /// <summary>The header's half of "a frame is valid iff" (journal/FORMAT.md).</summary>
    private bool IsExpected(long address, int offsetBytes, out FrameHeader header)
    {
        ReadOnlySpan<byte> bytes = At(address, FrameFormat.HeaderBytes);
        return FrameHeader.TryRead(bytes, out header)
            && header.Head == LogHead.Foreground
            && header.VolumeId == _volumeId
            && header.Generation == _generation
            && header.Sequence == _nextSequence
            && header.AddressBytes == address
            && header.LengthBytes <= _segmentBytes - offsetBytes
            && bytes.Slice(FrameFormat.PreviousOffset, Checksum.MaxWidthBytes).SequenceEqual(_previousDigest);
    }

    private unsafe bool VerifyBody(long address, in FrameHeader header)
    {
        ReadOnlySpan<byte> image = At(address, header.LengthBytes);
        ReadOnlySpan<byte> tail = image.Slice(header.TailOffset, header.TailBytes);
        if (!Checksum.Verify(header.ChecksumKind, tail, image.Slice(FrameFormat.TailDigestOffset, Checksum.MaxWidthBytes)))
        {
            return false;
        }
        int entryBytes = FrameFormat.EntryBytes(header.ChecksumKind);
        int width = Checksum.WidthBytes(header.ChecksumKind);
        for (int i = 0; i < header.ExtentCount; i++)
        {
            if (!ExtentEntry.TryRead(tail.Slice(i * entryBytes, entryBytes), width, header.LengthBytes, out ExtentEntry entry)
                || !entry.Verify(header.ChecksumKind, image.Slice(entry.OffsetInFrame, entry.StoredBytes)))
            {
                return false;
            }
        }
        ReadOnlySpan<byte> stored = tail[(header.ExtentCount * entryBytes)..];
        var redo = new Span<byte>(_redo, header.RedoRawBytes);
        _redoLengthBytes = header.RedoRawBytes;
        if (header.RedoCodec == CodecKind.None)
        {
            stored.CopyTo(redo);
            return stored.Length == redo.Length;
        }
        return Codec.Codec.Decompress(header.RedoCodec, stored, redo);
    }

    private unsafe ReadOnlySpan<byte> At(long addressBytes, int lengthBytes) => new(_window + (addressBytes - _windowStartBytes), lengthBytes);

    /// <summary>Makes the range of the segment present in the window.</summary>
    private unsafe ValueTask<int> FillAsync(long segmentAddressBytes, int offsetBytes, int lengthBytes)
    {
        long start = segmentAddressBytes + offsetBytes;
        if (_windowStartBytes >= 0 && start >= _windowStartBytes && start + lengthBytes <= _windowStartBytes + _windowFilledBytes)
        {
            return new ValueTask<int>(0);
        }
        int fill = Math.Min(WindowBytes, _segmentBytes - offsetBytes);
        _windowStartBytes = start;
        _windowFilledBytes = fill;
        return _device.ReadAsync(start, new NativeSlice(_window, fill));
    }

    public unsafe void Dispose()
    {
        NativeMemory.AlignedFree(_window);
        NativeMemory.Free(_redo);
    }
}
