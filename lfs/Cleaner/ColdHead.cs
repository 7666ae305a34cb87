using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Cleaner;

/// <summary>
/// The cold head: the cleaner's own segment, filled with frames of relocated data and nothing else (no redo). Its frames are written and flushed before a
/// commit names what is in them (invariant G1), so recovery need not read them. One user, the cleaner; one frame, filled and then written.
/// </summary>
internal sealed class ColdHead : IDisposable
{
    private readonly IBlockDevice _device;
    private readonly LogSettings _settings;
    private readonly SegmentTable _segments;
    private readonly FrameBuffer _frame;
    private readonly byte[] _previousDigest = new byte[Checksum.MaxWidthBytes];
    private long _segmentAddressBytes;
    private int _offsetBytes;
    private ulong _nextSequence = 1;
    private ulong _youngestStamp;
    private bool _isOpen;

    public ColdHead(IBlockDevice device, LogSettings settings, SegmentTable segments)
    {
        _device = device;
        _settings = settings;
        _segments = segments;
        _frame = new FrameBuffer(settings.ChecksumKind);
    }

    public long WrittenBytes { get; private set; }

    /// <summary>What is left of the segment that is being filled.</summary>
    public int RoomInSegmentBytes => _segmentAddressBytes == 0 ? 0 : _settings.SegmentBytes - _offsetBytes;
    public long WrittenFrames { get; private set; }
    public long FrameAddressBytes => _frame.AddressBytes;
    public bool IsEmpty => !_isOpen || _frame.IsEmpty;

    /// <summary>Opens a frame unless one is open. False: there is no segment that a checkpoint has made ready.</summary>
    public bool TryOpen()
    {
        if (_isOpen)
        {
            return true;
        }
        if (_segmentAddressBytes != 0 && _settings.SegmentBytes - _offsetBytes < FrameLimits.MinUsefulBytes)
        {
            LeaveSegment();
        }
        if (_segmentAddressBytes == 0)
        {
            if (!_segments.TryTakeCold(out _segmentAddressBytes))
            {
                _segmentAddressBytes = 0;
                return false;
            }
            _offsetBytes = 0;
        }
        _frame.Open(_segmentAddressBytes + _offsetBytes, _nextSequence, _settings.SegmentBytes - _offsetBytes);
        _isOpen = true;
        return true;
    }

    /// <summary>Room in the open frame; false when it is full for this.</summary>
    public bool TryPlace(int storedBytes, bool isAligned, in ExtentTag tag, ulong stamp, out int slot, out long addressBytes)
    {
        addressBytes = 0;
        if (!_frame.TryPlaceExtent(storedBytes, isAligned, tag, out slot, out int offset))
        {
            return false;
        }
        _youngestStamp = Math.Max(_youngestStamp, stamp);
        addressBytes = _frame.AddressBytes + offset;
        return true;
    }

    public NativeSlice Memory(int slot) => _frame.ExtentMemory(slot);

    public void SetDigest(int slot, ReadOnlySpan<byte> digest) => _frame.SetDigest(slot, digest);

    /// <summary>An extent did not fit an empty frame: the rest of the segment is too small for it.</summary>
    public void GiveUpSegment()
    {
        _isOpen = false;
        LeaveSegment();
    }

    /// <summary>Writes the open frame; 0 or -errno. Not flushed.</summary>
    public async ValueTask<int> WriteAsync()
    {
        _frame.Close(CodecKind.None);
        _frame.WriteHeader(new FrameHeader { Head = LogHead.Cold, VolumeId = _settings.VolumeId, Generation = _settings.Generation }, _previousDigest);
        int result = await _device.WriteAsync(_frame.AddressBytes, _frame.Image).ConfigureAwait(false);
        if (result == 0)
        {
            _frame.HeaderDigest.CopyTo(_previousDigest);
            _nextSequence++;
            _offsetBytes += _frame.LengthBytes;
            WrittenBytes += _frame.LengthBytes;
            WrittenFrames++;
        }
        _isOpen = false;
        return result;
    }

    private void LeaveSegment()
    {
        _segments.Left(LogHead.Cold, _segmentAddressBytes, _youngestStamp);
        _segmentAddressBytes = 0;
        _youngestStamp = 0;
    }

    public void Dispose() => _frame.Dispose();
}
