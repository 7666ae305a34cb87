using System.Runtime.InteropServices;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>
/// Changes structures of a sound image and puts every digest above them right again, so that the change gets past the checksums. Works on
/// the newest checkpoint record; <see cref="Save"/> writes it back.
/// </summary>
internal sealed class ImageEditor
{
    private readonly Dictionary<(int Space, ulong Id), byte[]> _pages = [];
    private readonly long[] _liveDelta;
    private long _freeAt;

    public ImageEditor(SparseImage image)
    {
        Image = image;
        string? error = Superblock.TryRead(Read(0, Superblock.SizeBytes), out Superblock? superblock);
        Superblock = error is null ? superblock! : throw new InvalidOperationException(error);
        for (ulong slot = 0; slot < Superblock.RingSlots; slot++)
        {
            byte[] block = Read(Superblock.RingSlotAddress(slot), CheckpointRecord.SizeBytes);
            if (CheckpointRecord.TryRead(block, Superblock.VolumeId, out CheckpointRecord? record) && (RecordBlock.Length == 0 || record!.Number > Record.Number))
            {
                (Record, RecordBlock) = (record!, block);
            }
        }
        _liveDelta = new long[Superblock.SegmentCount];
        _freeAt = Superblock.SegmentAddress(LastSegment);
    }

    public SparseImage Image { get; }
    public Superblock Superblock { get; }
    public CheckpointRecord Record { get; } = null!;

    /// <summary>The record's bytes; changes take effect with <see cref="Save"/>.</summary>
    public byte[] RecordBlock { get; } = [];

    public ChecksumKind Checksum => Superblock.ChecksumKind;

    /// <summary>The corpus leaves it free: rewritten pages go there.</summary>
    private int LastSegment => (int)Superblock.SegmentCount - 1;

    public byte[] Read(long at, int lengthBytes)
    {
        var bytes = new byte[lengthBytes];
        Image.Read(at, bytes);
        return bytes;
    }

    public void Save()
    {
        if (_liveDelta.Any(delta => delta != 0))
        {
            ApplyLiveDeltas();
        }
        Journal.Codec.Checksum.Compute(Checksum, RecordBlock.AsSpan(0, CheckpointRecord.DigestOffset), RecordBlock.AsSpan(CheckpointRecord.DigestOffset));
        Image.Write(Superblock.RingSlotAddress(Record.Number), RecordBlock);
    }

    /// <summary>A page of the index (space 0: tree; 1 up: map) or of the segment table; null when there is none or it cannot be read.</summary>
    public byte[]? Page(PageId page)
    {
        if (_pages.TryGetValue((page.Space, page.Id), out byte[]? known))
        {
            return known;
        }
        PagePointer pointer = Pointer(page);
        var bytes = new byte[Limits.PageBytes];
        if (!pointer.IsStored || pointer.StoredLengthBytes > Limits.PageBytes || pointer.AddressBytes > (ulong)(Image.LengthBytes - Limits.PageBytes)
            || !Codec.Decompress(pointer.Codec, Read((long)pointer.AddressBytes, (int)pointer.StoredLengthBytes), bytes))
        {
            return null;
        }
        _pages[(page.Space, page.Id)] = bytes;
        return bytes;
    }

    public PagePointer Pointer(PageId page)
    {
        if (page.IsTop(Record.Index.MapHeight))
        {
            return MemoryMarshal.Read<PagePointer>(RecordBlock.AsSpan(page.RecordOffset));
        }
        byte[]? parent = Page(page.Parent);
        return parent is null ? default : MemoryMarshal.Read<PagePointer>(parent.AsSpan(page.OffsetInParent));
    }

    /// <summary>Stores the page anew, and every page above it.</summary>
    public void SetPage(PageId page, byte[] bytes)
    {
        PagePointer old = Pointer(page);
        Span<byte> packed = stackalloc byte[Limits.PageBytes];
        int length = Superblock.Compression == CodecKind.None ? 0 : Codec.Compress(Superblock.Compression, bytes, packed[..(Limits.PageBytes - 1)]);
        ReadOnlySpan<byte> stored = length == 0 ? bytes : packed[..length];
        PagePointer pointer = old;
        pointer.AddressBytes = (ulong)Allocate(stored.Length);
        pointer.StoredLengthBytes = (uint)stored.Length;
        pointer.Codec = length == 0 ? CodecKind.None : Superblock.Compression;
        pointer.Flags = PagePointerFlags.None;
        Journal.Codec.Checksum.Compute(Checksum, stored, pointer.Digest);
        Image.Write((long)pointer.AddressBytes, stored);
        if (!page.IsTable)
        {
            CountLive(old, -1);
            CountLive(pointer, 1);
        }
        _pages[(page.Space, page.Id)] = bytes;
        SetPointer(page, pointer);
    }

    /// <summary>Puts a pointer where a page's is; a wrong one is the caller's intention.</summary>
    public void SetPointer(PageId page, PagePointer pointer)
    {
        if (page.IsTop(Record.Index.MapHeight))
        {
            MemoryMarshal.Write(RecordBlock.AsSpan(page.RecordOffset), in pointer);
            return;
        }
        byte[] parent = [.. Page(page.Parent) ?? throw new InvalidOperationException($"no page above {page}")];
        MemoryMarshal.Write(parent.AsSpan(page.OffsetInParent), in pointer);
        SetPage(page.Parent, parent);
    }

    /// <summary>Every tree page that is stored.</summary>
    public IEnumerable<ulong> TreePages()
    {
        for (ulong id = PageMapGeometry.RootPageId; id < Record.Index.NextPageId; id++)
        {
            if (Page(PageId.Tree(id)) is not null)
            {
                yield return id;
            }
        }
    }

    private long Allocate(int lengthBytes)
    {
        long at = _freeAt;
        _freeAt += (lengthBytes + 7) & -8;
        return _freeAt <= Superblock.SegmentAddress(LastSegment) + Superblock.SegmentBytes ? at : throw new InvalidOperationException("the mutant is too large");
    }

    private void CountLive(in PagePointer pointer, int sign)
    {
        int segment = Superblock.SegmentIndex((long)pointer.AddressBytes);
        if (pointer.IsStored && segment >= 0 && segment < _liveDelta.Length)
        {
            _liveDelta[segment] += sign * pointer.StoredLengthBytes;
        }
    }

    /// <summary>The accounting must agree with where the pages are now, or the first change would already find it wrong.</summary>
    private void ApplyLiveDeltas()
    {
        PageId chunk = PageId.TableChunk(0);
        if (Page(chunk) is not { } known)
        {
            return;
        }
        byte[] entries = [.. known];
        for (int i = 0; i < _liveDelta.Length; i++)
        {
            Span<byte> entry = entries.AsSpan(i * Lfs.Segments.SegmentImage.EntryBytes);
            if (_liveDelta[i] != 0)
            {
                BitConverter.TryWriteBytes(entry, BitConverter.ToInt64(entry) + _liveDelta[i]);
                entry[Lfs.Segments.SegmentImage.StateOffset] = (byte)Lfs.Segments.SegmentState.Used;
            }
        }
        Array.Clear(_liveDelta);
        SetPage(chunk, entries);
    }
}
