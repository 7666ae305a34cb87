using System.Buffers.Binary;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Frames;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>The foreground frames behind the checkpoint, and how to change one so that the chain still holds.</summary>
internal sealed class FrameChain
{
    private readonly ImageEditor _editor;
    private readonly List<(long Address, FrameHeader Header)> _frames = [];
    private long _endAddress;
    private long _segmentAddress;

    public FrameChain(ImageEditor editor)
    {
        _editor = editor;
        LogPosition at = editor.Record.Log;
        _segmentAddress = at.SegmentAddressBytes;
        _endAddress = at.SegmentAddressBytes + at.OffsetBytes;
        ulong sequence = at.NextSequence;
        while (Find(sequence) is { } header)
        {
            _frames.Add((header.AddressBytes, header));
            _segmentAddress = header.AddressBytes / editor.Superblock.SegmentBytes * editor.Superblock.SegmentBytes;
            _endAddress = header.AddressBytes + header.LengthBytes;
            sequence++;
        }
    }

    public int Count => _frames.Count;

    public FrameHeader Header(int index) => _frames[index].Header;

    public byte[] Frame(int index) => _editor.Read(_frames[index].Address, _frames[index].Header.LengthBytes);

    /// <summary>The frame's redo as it was before compression; empty when it does not decompress.</summary>
    public byte[] Redo(int index)
    {
        FrameHeader header = Header(index);
        var redo = new byte[header.RedoRawBytes];
        ReadOnlySpan<byte> stored = Frame(index).AsSpan(RedoOffset(header), header.RedoStoredBytes);
        if (header.RedoCodec == CodecKind.None)
        {
            return stored.ToArray();
        }
        return Codec.Decompress(header.RedoCodec, stored, redo) ? redo : [];
    }

    /// <summary>Writes the frame back as it is given, puts its digests right, and those of all frames behind it.</summary>
    public void Put(int index, byte[] frame)
    {
        FrameHeader header = Header(index);
        for (int i = index; i < Count; i++)
        {
            byte[] bytes = i == index ? frame : Frame(i);
            if (i == index)
            {
                FixTailDigest(bytes, header);
            }
            else
            {
                _previous.CopyTo(bytes, FrameFormat.PreviousOffset);
            }
            Seal(bytes);
            bytes.AsSpan(FrameFormat.HeaderDigestOffset, Checksum.MaxWidthBytes).CopyTo(_previous);
            _editor.Image.Write(_frames[i].Address, bytes);
        }
    }

    /// <summary>Replaces a frame's redo, where it fits in the place of the old one (stored raw if need be).</summary>
    public bool TryPutRedo(int index, ReadOnlySpan<byte> redo)
    {
        FrameHeader header = Header(index);
        byte[] frame = Frame(index);
        int at = RedoOffset(header);
        int room = header.LengthBytes - at;
        var packed = new byte[redo.Length + 64];
        int length = header.RedoCodec == CodecKind.None ? 0 : Codec.Compress(header.RedoCodec, redo, packed);
        ReadOnlySpan<byte> stored = length == 0 || length > redo.Length ? redo : packed.AsSpan(0, length);
        if (stored.Length > room)
        {
            return false;
        }
        frame[FrameFormat.RedoCodecOffset] = (byte)(stored.Length == redo.Length ? CodecKind.None : header.RedoCodec);
        frame.AsSpan(at, header.RedoStoredBytes).Clear();
        stored.CopyTo(frame.AsSpan(at));
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(FrameFormat.RedoStoredOffset), stored.Length);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(FrameFormat.RedoRawOffset), redo.Length);
        Put(index, frame);
        return true;
    }

    /// <summary>A new frame behind the last one: any redo at all, and any header fields but the digests.</summary>
    public void Append(ReadOnlySpan<byte> redo, Func<FrameHeader, FrameHeader> change)
    {
        int length = FrameFormat.RoundUpToBlock(FrameFormat.HeaderBytes + redo.Length);
        if (_endAddress + length > _segmentAddress + _editor.Superblock.SegmentBytes)
        {
            return;
        }
        var frame = new byte[length];
        redo.CopyTo(frame.AsSpan(FrameFormat.HeaderBytes));
        FrameHeader header = change(new FrameHeader
        {
            Head = LogHead.Foreground,
            ChecksumKind = _editor.Checksum,
            VolumeId = _editor.Superblock.VolumeId,
            Generation = _editor.Record.Generation,
            Sequence = _editor.Record.Log.NextSequence + (ulong)Count,
            AddressBytes = _endAddress,
            LengthBytes = length,
            TailOffset = FrameFormat.HeaderBytes,
            RedoStoredBytes = redo.Length,
            RedoRawBytes = redo.Length,
        });
        header.Write(frame.AsSpan(0, FrameFormat.HeaderBytes), LastDigest(), redo);
        _editor.Image.Write(_endAddress, frame);
    }

    private readonly byte[] _previous = new byte[Checksum.MaxWidthBytes];

    private static int RedoOffset(in FrameHeader header) => header.TailOffset + (header.ExtentCount * FrameFormat.EntryBytes(header.ChecksumKind));

    private byte[] LastDigest() => Count == 0
        ? [.. _editor.Record.Log.PreviousDigest]
        : _editor.Read(_frames[^1].Address + FrameFormat.HeaderDigestOffset, Checksum.MaxWidthBytes);

    /// <summary>Directly behind the last frame, or where a successor begins.</summary>
    private FrameHeader? Find(ulong sequence)
    {
        long successor = Count == 0 ? _editor.Record.Log.SuccessorAddressBytes : _frames[^1].Header.SuccessorAddressBytes;
        foreach (long address in new[] { _endAddress, successor })
        {
            if (address > 0 && address <= _editor.Image.LengthBytes - FrameFormat.BlockBytes
                && FrameHeader.TryRead(_editor.Read(address, FrameFormat.HeaderBytes), out FrameHeader header)
                && header.Sequence == sequence && header.Generation == _editor.Record.Generation && header.Head == LogHead.Foreground)
            {
                return header;
            }
        }
        return null;
    }

    /// <summary>Of the tail as the frame's own (perhaps changed) header places it, if it lies inside the frame at all.</summary>
    private static void FixTailDigest(Span<byte> frame, in FrameHeader original)
    {
        long tail = BinaryPrimitives.ReadInt32LittleEndian(frame[FrameFormat.TailOffsetOffset..]);
        long length = ((long)BinaryPrimitives.ReadInt32LittleEndian(frame[FrameFormat.ExtentCountOffset..]) * FrameFormat.EntryBytes(original.ChecksumKind))
            + BinaryPrimitives.ReadInt32LittleEndian(frame[FrameFormat.RedoStoredOffset..]);
        if (tail >= 0 && length >= 0 && tail + length <= frame.Length)
        {
            Checksum.Compute(original.ChecksumKind, frame.Slice((int)tail, (int)length), frame.Slice(FrameFormat.TailDigestOffset, Checksum.MaxWidthBytes));
        }
    }

    private void Seal(Span<byte> frame)
        => Checksum.Compute(_editor.Checksum, frame[..FrameFormat.HeaderDigestOffset], frame.Slice(FrameFormat.HeaderDigestOffset, Checksum.MaxWidthBytes));
}
