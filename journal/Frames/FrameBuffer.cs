using System.Runtime.InteropServices;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;

namespace Txlfs.Journal.Frames;

/// <summary>
/// A frame being laid out in memory: where data extents go, how long it becomes, and its tail (extent table, redo). Not thread-safe: the head
/// that fills it guards it. Layout: header, a gap up to the first block border that small things may fill, aligned and packed data, the tail
/// (in the gap when it fits), padding to a block. So one synced 4 KiB write is exactly two blocks, and one when it compresses.
/// </summary>
public sealed unsafe class FrameBuffer : IDisposable
{
    private readonly byte* _memory;
    private readonly byte* _redo;
    private readonly ExtentEntry[] _extents = new ExtentEntry[FrameLimits.MaxExtents];
    private readonly int _entryBytes;
    private int _gapStart;
    private int _gapEnd;
    private int _end;
    private int _dataBytes;
    private int _capacityBytes;
    private int _tailOffset;
    private int _redoStoredBytes;
    private CodecKind _redoStoredCodec;

    public FrameBuffer(ChecksumKind checksumKind)
    {
        ChecksumKind = checksumKind;
        _entryBytes = FrameFormat.EntryBytes(checksumKind);
        _memory = (byte*)NativeMemory.AlignedAlloc(FrameLimits.MaxFrameBytes, FrameFormat.BlockBytes);
        _redo = (byte*)NativeMemory.Alloc(FrameLimits.MaxRedoBytes);
    }

    public ChecksumKind ChecksumKind { get; }
    public long AddressBytes { get; private set; }
    public ulong Sequence { get; private set; }
    public int ExtentCount { get; private set; }
    public int RedoBytes { get; private set; }
    public ulong FirstCsn { get; private set; }
    public ulong LastCsn { get; private set; }

    /// <summary>Set by <see cref="Close"/>.</summary>
    public int LengthBytes { get; private set; }
    public bool IsEmpty => ExtentCount == 0 && RedoBytes == 0;
    public NativeSlice Image => new(_memory, LengthBytes);
    public ReadOnlySpan<byte> HeaderDigest => new(_memory + FrameFormat.HeaderDigestOffset, Checksum.MaxWidthBytes);

    public void Open(long addressBytes, ulong sequence, long roomBytes)
    {
        AddressBytes = addressBytes;
        Sequence = sequence;
        ExtentCount = 0;
        RedoBytes = 0;
        FirstCsn = 0;
        LastCsn = 0;
        LengthBytes = 0;
        _gapStart = FrameFormat.HeaderBytes;
        _gapEnd = FrameFormat.BlockBytes;
        _end = FrameFormat.BlockBytes;
        _dataBytes = 0;
        _capacityBytes = (int)Math.Min(roomBytes, FrameLimits.MaxFrameBytes);
        _tailOffset = 0;
        _redoStoredBytes = 0;
    }

    /// <summary>Finds room for a data extent; false when the frame is full for it.</summary>
    public bool TryPlaceExtent(int storedBytes, bool isAligned, in ExtentTag tag, out int slot, out int offset)
    {
        slot = ExtentCount;
        offset = 0;
        if (ExtentCount == FrameLimits.MaxExtents || _dataBytes + storedBytes > FrameLimits.MaxDataBytes)
        {
            return false;
        }
        int gapStart = _gapStart, gapEnd = _gapEnd, end = _end;
        if (isAligned)
        {
            offset = FrameFormat.RoundUpToBlock(end);
            if (offset - end > gapEnd - gapStart)
            {
                (gapStart, gapEnd) = (end, offset);
            }
            end = offset + storedBytes;
        }
        else if (Align(gapStart) + storedBytes <= gapEnd)
        {
            offset = Align(gapStart);
            gapStart = offset + storedBytes;
        }
        else
        {
            offset = Align(end);
            end = offset + storedBytes;
        }
        if (!Fits(end, ExtentCount + 1, RedoBytes))
        {
            return false;
        }
        ClearSlack(isAligned, offset);
        (_gapStart, _gapEnd, _end) = (gapStart, gapEnd, end);
        _dataBytes += storedBytes;
        _extents[ExtentCount++] = new ExtentEntry { OffsetInFrame = offset, StoredBytes = storedBytes, Tag = tag };
        return true;
    }

    public NativeSlice ExtentMemory(int slot) => new(_memory + _extents[slot].OffsetInFrame, _extents[slot].StoredBytes);

    /// <summary>Bytes of the frame's image, for readers of data that is not on the device yet.</summary>
    public ReadOnlySpan<byte> Memory(int offset, int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)offset + (uint)lengthBytes, (uint)FrameLimits.MaxFrameBytes, nameof(offset));
        return new ReadOnlySpan<byte>(_memory + offset, lengthBytes);
    }

    public void SetDigest(int slot, ReadOnlySpan<byte> digest) => _extents[slot].SetDigest(digest);

    /// <summary>Adds one commit's redo; false when the frame is full for it. An empty frame takes any commit within MaxRedoBytes.</summary>
    public bool TryAppendRedo(ReadOnlySpan<byte> redo, ulong csn)
    {
        bool isFull = RedoBytes + redo.Length > FrameLimits.FullRedoBytes && RedoBytes > 0;
        if (isFull || RedoBytes + redo.Length > FrameLimits.MaxRedoBytes || !Fits(_end, ExtentCount, RedoBytes + redo.Length))
        {
            return false;
        }
        redo.CopyTo(new Span<byte>(_redo + RedoBytes, redo.Length));
        RedoBytes += redo.Length;
        FirstCsn = FirstCsn == 0 ? csn : FirstCsn;
        LastCsn = csn;
        return true;
    }

    /// <summary>
    /// Fixes the layout: compresses the redo (unless it fits the first gap as it is: the block is written anyway) and places the tail.
    /// Data may still be being copied in; digests may still come.
    /// </summary>
    public void Close(CodecKind codec)
    {
        int tableBytes = ExtentCount * _entryBytes;
        int rawTailOffset = Align(_gapStart);
        if (rawTailOffset + tableBytes + RedoBytes <= _gapEnd)
        {
            _tailOffset = rawTailOffset;
            StoreRedoRaw(_tailOffset + tableBytes);
        }
        else
        {
            // Compressed straight into its place behind the data, then moved into the gap when it turns out to fit there.
            int endOffset = Align(_end);
            _redoStoredBytes = codec == CodecKind.None ? 0 : Codec.Codec.Compress(codec, new ReadOnlySpan<byte>(_redo, RedoBytes), new Span<byte>(_memory + endOffset + tableBytes, RedoBytes));
            _redoStoredCodec = codec;
            if (_redoStoredBytes == 0)
            {
                StoreRedoRaw(endOffset + tableBytes);
            }
            _tailOffset = endOffset;
            if (rawTailOffset + tableBytes + _redoStoredBytes <= _gapEnd)
            {
                new ReadOnlySpan<byte>(_memory + endOffset + tableBytes, _redoStoredBytes).CopyTo(new Span<byte>(_memory + rawTailOffset + tableBytes, _redoStoredBytes));
                _tailOffset = rawTailOffset;
            }
        }
        int tailEnd = _tailOffset + tableBytes + _redoStoredBytes;
        LengthBytes = FrameFormat.RoundUpToBlock(Math.Max(_end, tailEnd));
        ClearPadding(tailEnd);
    }

    /// <summary>What alignment leaves between this extent and what is before it, unless it stays usable as the gap.</summary>
    private void ClearSlack(bool isAligned, int offset)
    {
        int before = offset < _gapEnd ? _gapStart : _end;
        if (isAligned)
        {
            // The larger of the old and the new gap stays open and is cleared at the close; the smaller one is lost now.
            if (offset - _end > _gapEnd - _gapStart)
            {
                Clear(_gapStart, _gapEnd);
            }
            else
            {
                Clear(_end, offset);
            }
            return;
        }
        Clear(before, offset);
    }

    /// <summary>Bytes between the parts go to the device too: cleared, so that no left-over of an earlier frame leaks and images are deterministic.</summary>
    private void ClearPadding(int tailEnd)
    {
        if (_tailOffset < _gapEnd && _tailOffset >= _gapStart)
        {
            Clear(_gapStart, _tailOffset);
            Clear(tailEnd, _gapEnd);
            Clear(_end, LengthBytes);
        }
        else
        {
            Clear(_gapStart, _gapEnd);
            Clear(_end, _tailOffset);
            Clear(tailEnd, LengthBytes);
        }
    }

    /// <summary>Writes the extent table and the header: the frame's last step in memory. All data and digests are in place.</summary>
    public void WriteHeader(in FrameHeader template, ReadOnlySpan<byte> previousDigest)
    {
        int width = _entryBytes - FrameFormat.EntryFixedBytes;
        for (int i = 0; i < ExtentCount; i++)
        {
            _extents[i].Write(new Span<byte>(_memory + _tailOffset + (i * _entryBytes), _entryBytes), width);
        }
        FrameHeader header = template with
        {
            RedoCodec = _redoStoredCodec,
            ChecksumKind = ChecksumKind,
            Sequence = Sequence,
            AddressBytes = AddressBytes,
            LengthBytes = LengthBytes,
            TailOffset = _tailOffset,
            ExtentCount = ExtentCount,
            RedoStoredBytes = _redoStoredBytes,
            RedoRawBytes = RedoBytes,
            FirstCsn = FirstCsn,
            LastCsn = LastCsn,
        };
        var bytes = new Span<byte>(_memory, FrameFormat.HeaderBytes);
        bytes.Clear();
        header.Write(bytes, previousDigest, new ReadOnlySpan<byte>(_memory + _tailOffset, header.TailBytes));
    }

    private void StoreRedoRaw(int offset)
    {
        new ReadOnlySpan<byte>(_redo, RedoBytes).CopyTo(new Span<byte>(_memory + offset, RedoBytes));
        _redoStoredBytes = RedoBytes;
        _redoStoredCodec = CodecKind.None;
    }

    private bool Fits(int end, int extents, int redoBytes)
        => FrameFormat.RoundUpToBlock(Align(end) + (extents * _entryBytes) + redoBytes) <= _capacityBytes;

    private void Clear(int start, int end)
    {
        if (end > start)
        {
            new Span<byte>(_memory + start, end - start).Clear();
        }
    }

    private static int Align(int offset) => (offset + FrameFormat.PackedAlignmentBytes - 1) & -FrameFormat.PackedAlignmentBytes;

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        NativeMemory.Free(_redo);
    }
}
