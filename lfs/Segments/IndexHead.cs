using System.Runtime.InteropServices;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Segments;

/// <summary>
/// The index head: checkpoints write pages and segment-table blobs here, packed and compressed into frames of their own chain. Used by one
/// checkpoint at a time; loads read pages out of frames that are still in memory. Two frames: one is filled while the other is written.
/// </summary>
internal sealed class IndexHead : IPageSink, IDisposable
{
    /// <summary>Spaces beyond the index's own, in the tag of an extent: what a blob is.</summary>
    public const int TableChunkSpace = 64;
    public const int TableDirectorySpace = 65;

    private readonly IBlockDevice _device;
    private readonly LogSettings _settings;
    private readonly SegmentTable _segments;
    private readonly Lock _lock = new();
    private readonly FrameBuffer[] _frames;
    private readonly unsafe byte* _scratch = (byte*)NativeMemory.Alloc(Limits.PageBytes);
    private readonly byte[] _previousDigest;
    private ValueTask<int> _writing = new(0);
    private int _filling;
    private bool _isOpen;
    private long _segmentAddressBytes;
    private int _offsetBytes;
    private ulong _nextSequence;

    public IndexHead(IBlockDevice device, LogSettings settings, SegmentTable segments, LogPosition position)
    {
        _device = device;
        _settings = settings;
        _segments = segments;
        _frames = [new FrameBuffer(settings.ChecksumKind), new FrameBuffer(settings.ChecksumKind)];
        _segmentAddressBytes = position.SegmentAddressBytes;
        _offsetBytes = position.OffsetBytes;
        _nextSequence = position.NextSequence;
        _previousDigest = [.. position.PreviousDigest];
    }

    /// <summary>Where the next index frame goes; meaningful after <see cref="FlushFramesAsync"/>.</summary>
    public LogPosition Position => new(_segmentAddressBytes, _offsetBytes, _nextSequence, [.. _previousDigest], 0);

    public long WrittenBytes { get; private set; }

    public async ValueTask<OpResult<PagePointer>> AppendAsync(int space, ulong pageId, NativeSlice page, PagePointer old)
    {
        OpResult<PagePointer> placed = await AppendBlobAsync(space, pageId, page).ConfigureAwait(false);
        if (!placed.IsOk)
        {
            return placed;
        }
        Drop(space, pageId, old);
        _segments.AddLive((long)placed.Value.AddressBytes, placed.Value.StoredLengthBytes, isCheckpointWork: true);
        return placed;
    }

    ValueTask<OpResult<PagePointer>> IPageSink.AppendAsync(int space, ulong pageId, NativeSlice page, in PagePointer old) => AppendAsync(space, pageId, page, old);

    public void Drop(int space, ulong pageId, in PagePointer old)
    {
        if (old.IsStored)
        {
            _segments.AddLive((long)old.AddressBytes, -old.StoredLengthBytes, isCheckpointWork: true);
        }
    }

    /// <summary>Compresses and places bytes (at most a page) without counting them as live: for the segment table, whose blobs pin their segments instead.</summary>
    public async ValueTask<OpResult<PagePointer>> AppendBlobAsync(int space, ulong id, NativeSlice bytes)
    {
        PagePointer pointer = Compress(bytes, out NativeSlice stored);
        while (true)
        {
            if (_isOpen && TryPlace(new ExtentTag(id, space, bytes.LengthBytes, pointer.Codec), stored, ref pointer))
            {
                return pointer;
            }
            int result = _isOpen ? await SubmitAsync().ConfigureAwait(false) : 0;
            if (result == 0)
            {
                result = OpenFrame();
            }
            if (result != 0)
            {
                return OpResult<PagePointer>.Fail(-result);
            }
        }
    }

    /// <summary>Everything appended has been given to the device and completed there (not flushed).</summary>
    public async ValueTask<int> FlushFramesAsync()
    {
        if (_isOpen)
        {
            int result = await SubmitAsync().ConfigureAwait(false);
            if (result != 0)
            {
                return result;
            }
        }
        return await TakeWritingAsync().ConfigureAwait(false);
    }

    /// <summary>Copies stored bytes of a page whose frame may not be on the device yet.</summary>
    public bool TryReadInFlight(long addressBytes, Span<byte> destination)
    {
        lock (_lock)
        {
            foreach (FrameBuffer frame in _frames)
            {
                long offset = addressBytes - frame.AddressBytes;
                if (frame.AddressBytes != 0 && offset >= 0 && offset + destination.Length <= FrameLimits.MaxFrameBytes)
                {
                    frame.Memory((int)offset, destination.Length).CopyTo(destination);
                    return true;
                }
            }
        }
        return false;
    }

    private unsafe PagePointer Compress(NativeSlice bytes, out NativeSlice stored)
    {
        var pointer = new PagePointer();
        int length = _settings.RedoCodec == CodecKind.None ? 0 : Codec.Compress(_settings.RedoCodec, bytes.Span, new Span<byte>(_scratch, bytes.LengthBytes - (bytes.LengthBytes / 8)));
        stored = length == 0 ? bytes : new NativeSlice(_scratch, length);
        pointer.Codec = length == 0 ? CodecKind.None : _settings.RedoCodec;
        pointer.StoredLengthBytes = (uint)stored.LengthBytes;
        Checksum.Compute(_settings.ChecksumKind, stored.Span, pointer.Digest);
        return pointer;
    }

    private bool TryPlace(in ExtentTag tag, NativeSlice stored, ref PagePointer pointer)
    {
        lock (_lock)
        {
            FrameBuffer frame = _frames[_filling];
            if (!frame.TryPlaceExtent(stored.LengthBytes, isAligned: false, tag, out int slot, out int offset))
            {
                return false;
            }
            stored.Span.CopyTo(frame.ExtentMemory(slot).Span);
            frame.SetDigest(slot, pointer.Digest);
            pointer.AddressBytes = (ulong)(frame.AddressBytes + offset);
            return true;
        }
    }

    private int OpenFrame()
    {
        if (_settings.SegmentBytes - _offsetBytes < FrameLimits.MinUsefulBytes)
        {
            _segments.Left(LogHead.Index, _segmentAddressBytes, _nextSequence - 1);
            if (!_segments.TryTake(LogHead.Index, out _segmentAddressBytes))
            {
                return -Errno.ENOSPC;
            }
            _offsetBytes = 0;
        }
        lock (_lock)
        {
            _frames[_filling].Open(_segmentAddressBytes + _offsetBytes, _nextSequence++, _settings.SegmentBytes - _offsetBytes);
        }
        _isOpen = true;
        return 0;
    }

    private async ValueTask<int> SubmitAsync()
    {
        int result = await TakeWritingAsync().ConfigureAwait(false);
        if (result == 0)
        {
            _writing = StartWrite();
        }
        return result;
    }

    private ValueTask<int> StartWrite()
    {
        FrameBuffer frame = _frames[_filling];
        frame.Close(CodecKind.None);
        frame.WriteHeader(new FrameHeader { Head = LogHead.Index, VolumeId = _settings.VolumeId, Generation = _settings.Generation }, _previousDigest);
        frame.HeaderDigest.CopyTo(_previousDigest);
        _offsetBytes += frame.LengthBytes;
        WrittenBytes += frame.LengthBytes;
        _isOpen = false;
        _filling ^= 1;
        return _device.WriteAsync(frame.AddressBytes, frame.Image, WriteFlags.Background);
    }

    private async ValueTask<int> TakeWritingAsync()
    {
        ValueTask<int> writing = _writing;
        _writing = new ValueTask<int>(0);
        int result = await writing.ConfigureAwait(false);
        lock (_lock)
        {
            // The frame not being filled is on the device now: later loads read it there.
            _frames[_filling ^ 1].Open(0, 0, FrameLimits.MaxFrameBytes);
        }
        return result;
    }

    public unsafe void Dispose()
    {
        foreach (FrameBuffer frame in _frames)
        {
            frame.Dispose();
        }
        NativeMemory.Free(_scratch);
    }
}
