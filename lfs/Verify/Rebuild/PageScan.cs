using System.Buffers.Binary;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Frames;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify.Rebuild;

/// <summary>
/// The second look at the index head's frames: each image of a tree page, proved by its digest and its own header. Only frames of complete checkpoints, and of
/// two frames with one number only the one in the chain: the other is what an attempt left that a crash has ended.
/// </summary>
internal sealed class PageScan(Superblock superblock, DeviceScan scan, FrameReader reader, PageTable pages, ulong volumeTag, ICheckProgress progress)
{
    private readonly Dictionary<ulong, long> _chain = [];
    private readonly byte[] _page = GC.AllocateUninitializedArray<byte>(Limits.PageBytes, pinned: true);
    private ulong _chainStart = ulong.MaxValue;

    /// <summary>The CSN of the newest change in any page, and the greatest checkpoint number.</summary>
    public ulong NewestCsn { get; private set; }
    public ulong NewestCheckpoint { get; private set; }

    public async ValueTask RunAsync()
    {
        FollowChain();
        if (scan.Index.HasForgotten)
        {
            await RescanAsync().ConfigureAwait(false);
            return;
        }
        progress.Begin(CheckPass.Scan, scan.Index.Count);
        foreach (FrameRef frame in scan.Index.Sorted())
        {
            if (IsTrusted(frame) && await reader.TryReadAllAsync(frame.AddressBytes).ConfigureAwait(false))
            {
                NotePages();
            }
            progress.Advance(1);
        }
    }

    /// <summary>More frames than the table holds: the device once more.</summary>
    private async ValueTask RescanAsync()
    {
        progress.Begin(CheckPass.Scan, superblock.SegmentCount);
        for (int segment = 0; segment < superblock.SegmentCount; segment++)
        {
            var addresses = new List<long>();
            await scan.ForEachFrameAsync(superblock.SegmentAddress(segment), () =>
            {
                if (reader.Header.Head == LogHead.Index && IsTrusted(reader.Reference))
                {
                    addresses.Add(reader.Header.AddressBytes);
                }
            }).ConfigureAwait(false);
            foreach (long address in addresses)
            {
                if (await reader.TryReadAllAsync(address).ConfigureAwait(false))
                {
                    NotePages();
                }
            }
            progress.Advance(1);
        }
    }

    private void FollowChain()
    {
        for (FrameRef? at = scan.LastComplete; at is { } frame; at = scan.Index.Before(frame))
        {
            _chain[frame.Sequence] = frame.AddressBytes;
            _chainStart = frame.Sequence;
        }
    }

    private bool IsTrusted(in FrameRef frame)
        => scan.LastComplete is { } last && frame.Sequence <= last.Sequence
            && (frame.Sequence < _chainStart || (_chain.TryGetValue(frame.Sequence, out long address) && address == frame.AddressBytes));

    private void NotePages()
    {
        for (int i = 0; i < reader.ExtentCount; i++)
        {
            if (!reader.TryEntry(i, out ExtentEntry entry) || entry.Tag.FileOffsetBytes != PageMapGeometry.TreeSpace || entry.Tag.Inode >= PageMapGeometry.MaxPageId
                || entry.StoredBytes > Limits.PageBytes)
            {
                continue;
            }
            bool isGood = entry.Verify(reader.Header.ChecksumKind, reader.Stored(entry)) && TryUnpack(entry.Tag.Codec, reader.Stored(entry), entry.Tag.Inode);
            ulong digest = isGood ? DigestHead(reader.Header.ChecksumKind, reader.Stored(entry)) : 0;
            pages.Add(new PageImage(entry.Tag.Inode, reader.Header.Sequence, reader.Header.AddressBytes + entry.OffsetInFrame, digest, isGood ? entry.StoredBytes : 0, entry.Tag.Codec));
        }
    }

    /// <summary>What is kept of a digest: enough to know the bytes again.</summary>
    public static ulong DigestHead(ChecksumKind kind, ReadOnlySpan<byte> stored)
    {
        Span<byte> digest = stackalloc byte[Checksum.MaxWidthBytes];
        digest.Clear();
        Checksum.Compute(kind, stored, digest);
        return BinaryPrimitives.ReadUInt64LittleEndian(digest);
    }

    private unsafe bool TryUnpack(CodecKind codec, ReadOnlySpan<byte> stored, ulong pageId)
    {
        if (!TryUnpack(codec, stored, _page))
        {
            return false;
        }
        fixed (byte* page = _page)
        {
            if (!PageValidator.IsValid(page, PageMapGeometry.TreeSpace, pageId, volumeTag))
            {
                return false;
            }
            NewestCsn = Math.Max(NewestCsn, PageHeader.Csn(page));
            NewestCheckpoint = Math.Max(NewestCheckpoint, PageHeader.Checkpoint(page));
            return true;
        }
    }

    public static bool TryUnpack(CodecKind codec, ReadOnlySpan<byte> stored, Span<byte> page)
    {
        if (codec != CodecKind.None)
        {
            return Codec.IsAvailable(codec, out _) && Codec.Decompress(codec, stored, page);
        }
        if (stored.Length != page.Length)
        {
            return false;
        }
        stored.CopyTo(page);
        return true;
    }
}
