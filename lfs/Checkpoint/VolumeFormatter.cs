using System.Text;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Checkpoint;

/// <summary>
/// Makes an empty volume. The superblocks are written last, after everything else is on stable storage: an interrupted format is no volume.
/// </summary>
internal static class VolumeFormatter
{
    private static readonly LogPosition FirstLog = new(0, 0, 1, new byte[Checksum.MaxWidthBytes], 0);

    public static async ValueTask RunAsync(IBlockDevice device, FormatOptions options, Seams seams)
    {
        Superblock superblock = Plan(device, options, seams);
        await ClearReservedAreaAsync(device, superblock).ConfigureAwait(false);
        using var engine = new VolumeEngine(device, superblock, new VolumeOptions { MemoryBytes = MemoryShares.MinBytes * 2 }, seams);
        engine.Segments.InitialiseEmpty();
        long logSegment = superblock.SegmentAddress(0);
        long indexSegment = superblock.SegmentAddress(1);
        engine.Segments.Enter(logSegment);
        engine.Segments.Enter(indexSegment);
        engine.AttachIndexHead(new IndexHead(device, engine.Settings(1), engine.Segments, FirstLog with { SegmentAddressBytes = indexSegment }));
        engine.Checkpointer.Attach(new SegmentTableStore(engine, engine.Segments.Count), 0, seams.Random.NextUInt64());
        engine.Attach(IndexTree.Create(engine.IndexOptions, engine), 0, Limits.FirstFreeInode, 0);
        engine.ApplyFormat(RootDirectory(options, seams));
        Check(await engine.Checkpointer.WriteAsync(FirstLog with { SegmentAddressBytes = logSegment }, isClean: true).ConfigureAwait(false), device);
        await WriteSuperblocksAsync(device, superblock, engine.Scratch).ConfigureAwait(false);
    }

    private static Superblock Plan(IBlockDevice device, FormatOptions options, Seams seams)
    {
        if (options.SegmentBytes is < Limits.MinSegmentBytes or > Limits.MaxSegmentBytes || options.SegmentBytes % Limits.BlockBytes != 0)
        {
            throw new VolumeException(Errno.EINVAL, $"segment size must be a multiple of {Limits.BlockBytes} between {Limits.MinSegmentBytes >> 20} MiB and {Limits.MaxSegmentBytes >> 20} MiB");
        }
        if (Encoding.UTF8.GetByteCount(options.Label) > Superblock.LabelBytes)
        {
            throw new VolumeException(Errno.EINVAL, $"label is longer than {Superblock.LabelBytes} bytes");
        }
        if (!Codec.IsAvailable(options.Compression, out string reason) || !Checksum.IsAvailable(options.Checksum, out reason))
        {
            throw new VolumeException(Errno.EINVAL, reason);
        }
        long deviceBytes = options.DeviceBytes == 0 ? device.LengthBytes : Math.Min(options.DeviceBytes, device.LengthBytes);
        long segments = Superblock.SegmentsOn(deviceBytes, options.SegmentBytes);
        if (segments < Limits.MinSegments)
        {
            throw new VolumeException(Errno.ENOSPC, $"{device.Name} is too small: {deviceBytes} bytes, at least {((Limits.MinSegments + 1L) * options.SegmentBytes) + Superblock.SizeBytes} are needed with this segment size");
        }
        if (segments > Limits.MaxSegments)
        {
            throw new VolumeException(Errno.EFBIG, $"{device.Name} is too large for this segment size; choose a larger one");
        }
        return new Superblock
        {
            ChecksumKind = options.Checksum,
            Compression = options.Compression,
            SegmentBytes = options.SegmentBytes,
            SegmentCount = segments,
            DeviceBytes = deviceBytes,
            VolumeId = options.Uuid ?? NewVolumeId(seams.Random),
            Label = options.Label,
            CreatedNs = seams.Clock.WallNs,
            NameHashSeed = seams.Random.NextUInt64(),
        };
    }

    /// <summary>A random (version 4) UUID from the randomness seam.</summary>
    private static Guid NewVolumeId(IRandomSource random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private static InodeAttributes RootDirectory(FormatOptions options, Seams seams)
    {
        Timestamp now = Timestamp.FromNs(seams.Clock.WallNs);
        return new InodeAttributes
        {
            Inode = Limits.RootInode,
            Mode = ModeBits.Directory | 0x1ED,
            Uid = options.RootUid,
            Gid = options.RootGid,
            Nlink = 2,
            Parent = Limits.RootInode,
            Atime = now,
            Mtime = now,
            Ctime = now,
            Btime = now,
        };
    }

    /// <summary>Old superblocks, rings and foreign signatures must not come back to life: the first and the last block, and the reserved area.</summary>
    private static async ValueTask ClearReservedAreaAsync(IBlockDevice device, Superblock superblock)
    {
        using var zeros = new ScratchPool(Limits.ScratchBytes, 1);
        NativeSlice buffer = zeros.Rent();
        buffer.Span.Clear();
        for (long at = 0; at < superblock.SegmentBytes; at += buffer.LengthBytes)
        {
            Check(await device.WriteAsync(at, buffer.Slice(0, (int)Math.Min(buffer.LengthBytes, superblock.SegmentBytes - at))).ConfigureAwait(false), device);
        }
        long last = Superblock.CopyAddresses(superblock.DeviceBytes, superblock.SegmentBytes)[^1];
        Check(await device.WriteAsync(last, buffer.Slice(0, Superblock.SizeBytes)).ConfigureAwait(false), device);
        Check(await device.FlushAsync().ConfigureAwait(false), device);
        zeros.Return(buffer);
    }

    private static async ValueTask WriteSuperblocksAsync(IBlockDevice device, Superblock superblock, ScratchPool scratch)
    {
        NativeSlice buffer = scratch.Rent();
        NativeSlice block = buffer.Slice(0, Superblock.SizeBytes);
        superblock.Write(block.Span);
        foreach (long address in Superblock.CopyAddresses(superblock.DeviceBytes, superblock.SegmentBytes))
        {
            Check(await device.WriteAsync(address, block).ConfigureAwait(false), device);
        }
        Check(await device.FlushAsync().ConfigureAwait(false), device);
        scratch.Return(buffer);
    }

    private static void Check(int result, IBlockDevice device)
    {
        if (result != 0)
        {
            throw new VolumeException(-result, $"{device.Name} cannot be written: errno {-result}");
        }
    }
}
