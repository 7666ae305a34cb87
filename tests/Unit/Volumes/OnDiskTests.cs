using Txlfs.Journal.Codec;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Segments;
using Xunit;

namespace Txlfs.Tests.Unit.Volumes;

/// <summary>Every size and offset of superblock, checkpoint record, segment table and redo, as lfs/FORMAT.md has them.</summary>
public class OnDiskTests
{
    [Fact]
    public void SuperblockBytesArePinned()
    {
        Assert.Equal(
            [0, 8, 10, 11, 12, 16, 24, 32, 48, 112, 120, 128, 136, 144, 152, 160, 176, 177, 4064],
            new[]
            {
                Superblock.MagicOffset, Superblock.VersionOffset, Superblock.ChecksumOffset, Superblock.CompressionOffset, Superblock.SegmentBytesOffset,
                Superblock.SegmentCountOffset, Superblock.DeviceBytesOffset, Superblock.VolumeIdOffset, Superblock.LabelOffset, Superblock.CreatedNsOffset,
                Superblock.NameHashSeedOffset, Superblock.CompatibleFeaturesOffset, Superblock.IncompatibleFeaturesOffset, Superblock.ReadOnlyFeaturesOffset,
                Superblock.SequenceOffset, Superblock.ShownUuidOffset, Superblock.FormerCodecsOffset, Superblock.ReservedOffset, Superblock.DigestOffset,
            });
        Assert.Equal((4096, 64 * 1024, 256), (Superblock.SizeBytes, Superblock.RingOffsetBytes, Superblock.RingSlots));
        Assert.Equal("TXLFSB01"u8.ToArray(), BitConverter.GetBytes(Superblock.Magic));
        Assert.Equal([0, (4L << 20) - 4096, (1L << 30) - 4096], Superblock.CopyAddresses((1L << 30) + 511, 4 << 20));
    }

    [Fact]
    public void CheckpointRecordBytesArePinned()
    {
        Assert.Equal(
            [0, 8, 10, 11, 12, 16, 32, 40, 48, 56, 64, 72, 80, 144, 208, 272, 4064],
            new[]
            {
                CheckpointRecord.MagicOffset, CheckpointRecord.VersionOffset, CheckpointRecord.ChecksumOffset, CheckpointRecord.FlagsOffset, CheckpointRecord.ReservedOffset,
                CheckpointRecord.VolumeIdOffset, CheckpointRecord.NumberOffset, CheckpointRecord.GenerationOffset, CheckpointRecord.CsnOffset, CheckpointRecord.NextInodeOffset,
                CheckpointRecord.InodeCountOffset, CheckpointRecord.WallNsOffset, CheckpointRecord.LogOffset, CheckpointRecord.IndexHeadOffset,
                CheckpointRecord.SegmentTableOffset, CheckpointRecord.IndexRootOffset, CheckpointRecord.DigestOffset,
            });
        Assert.Equal("TXLFCKP1"u8.ToArray(), BitConverter.GetBytes(CheckpointRecord.Magic));
    }

    [Fact]
    public void SegmentTableAndRedoBytesArePinned()
    {
        Assert.Equal((32, 256, 0, 8, 16, 17), (SegmentImage.EntryBytes, SegmentImage.EntriesPerChunk, SegmentImage.LiveOffset, SegmentImage.LastSequenceOffset, SegmentImage.StateOffset, SegmentImage.ReservedOffset));
        Assert.Equal(128, SegmentTableStore.Fan);
        Assert.Equal(
            [40, 0, 4, 6, 7, 8, 16, 24, 28, 32, 18],
            new[]
            {
                CommitHeader.SizeBytes, CommitHeader.LengthOffset, CommitHeader.CountOffset, CommitHeader.KindOffset, CommitHeader.ReservedOffset, CommitHeader.CsnOffset,
                CommitHeader.WallNsOffset, CommitHeader.UidOffset, CommitHeader.PidOffset, CommitHeader.NextInodeOffset, RedoCodec.MutationBytes,
            });
        Assert.True(RedoCodec.MaxCommitBytes <= FrameLimits.MaxRedoBytes, "a commit of the largest size must fit a frame");
        Assert.True(Limits.MaxSegments <= (long)SegmentTableStore.Fan * SegmentTableStore.Fan * SegmentImage.EntriesPerChunk);
    }

    [Theory]
    [InlineData(ChecksumKind.Crc32c)]
    [InlineData(ChecksumKind.Xxh3)]
    [InlineData(ChecksumKind.Sha256)]
    public void ASuperblockWithAnyBitFlippedIsRefused(ChecksumKind checksum)
    {
        var block = new byte[Superblock.SizeBytes];
        NewSuperblock(checksum).Write(block);
        Assert.Null(Superblock.TryRead(block, out Superblock? read));
        Assert.Equal(NewSuperblock(checksum), read);
        foreach (int bit in new[] { 0, 70, 85, 100, 1000, 20_000, (4064 * 8) - 1, 4064 * 8 })
        {
            block[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotNull(Superblock.TryRead(block, out _));
            block[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void HostileRedoIsRefusedAndSoundRedoComesBack()
    {
        var batch = new MutationBatch();
        batch.Put(Key.Of(7, RecordKind.Inode, 0), new byte[100], 5);
        batch.Delete(Key.Of(7, RecordKind.Extent, 4096));
        var bytes = new byte[RedoCodec.MaxCommitBytes];
        int length = RedoCodec.Encode(batch, CommitKind.Write, 5, 77, new Caller(1, 2, 3), 99, bytes);
        var decoded = new MutationBatch();
        Assert.True(RedoCodec.TryDecode(bytes.AsSpan(0, length), decoded, out CommitHeader header));
        Assert.Equal(new CommitHeader(length, 2, CommitKind.Write, 5, 77, 1, 3, 99), header);
        Assert.Equal((2, true), (decoded.Count, decoded[1].IsDelete));
        for (int cut = 0; cut < length; cut++)
        {
            Assert.False(RedoCodec.TryDecode(bytes.AsSpan(0, cut), decoded, out _));
        }
        var random = new Xoshiro256(1);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] garbled = bytes[..length];
            garbled[random.Next(length)] ^= (byte)(1 + random.Next(255));
            RedoCodec.TryDecode(garbled, decoded, out _);
        }
    }

    [Fact]
    public void ASuperblockKeepsWhatThisVersionDoesNotKnow()
    {
        var block = new byte[Superblock.SizeBytes];
        NewSuperblock(ChecksumKind.Crc32c).Write(block);
        Assert.All(block[Superblock.SequenceOffset..Superblock.DigestOffset], value => Assert.Equal(0, value));
        block[Superblock.CompatibleFeaturesOffset + 3] = 0x40;
        block[3000] = 0x77;
        Checksum.Compute(ChecksumKind.Crc32c, block.AsSpan(0, Superblock.DigestOffset), block.AsSpan(Superblock.DigestOffset, Checksum.MaxWidthBytes));
        Assert.Null(Superblock.TryRead(block, out Superblock? read));
        Guid shown = new("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
        (read! with { Label = "b", Sequence = 9, ShownUuid = shown, FormerCodecs = 2 }).Write(block);
        Assert.Null(Superblock.TryRead(block, out Superblock? again));
        Assert.Equal(("b", 9UL, shown, (byte)2), (again!.Label, again.Sequence, again.Uuid, again.FormerCodecs));
        Assert.Equal((0x40, 1, 0x77), (block[Superblock.CompatibleFeaturesOffset + 3], block[Superblock.CompatibleFeaturesOffset], block[3000]));
    }

    private static Superblock NewSuperblock(ChecksumKind checksum) => new()
    {
        ChecksumKind = checksum,
        Compression = CodecKind.Lz4,
        SegmentBytes = 4 << 20,
        SegmentCount = 100,
        DeviceBytes = 1L << 30,
        VolumeId = new Guid("00112233-4455-6677-8899-aabbccddeeff"),
        Label = "a läbel",
        CreatedNs = 123,
        NameHashSeed = 456,
    };
}
