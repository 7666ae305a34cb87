using System.Buffers.Binary;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Tests.Unit.Fakes;
using Xunit;

namespace Txlfs.Tests.Unit.Data;

public class ExtentRecordTests
{
    private static byte[] Raw(int blocks, int visible, long address = 1 << 20)
    {
        byte[] value = new byte[ExtentRecord.HeaderBytes + blocks * 4];
        ExtentRecord.WriteHeader(value, new Extent(7, address, blocks * 4096, blocks * 4096, 0, visible, CodecKind.None, false));
        for (int i = 0; i < blocks; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(ExtentRecord.HeaderBytes + i * 4), 1000 + i);
        }
        return value;
    }

    private static byte[] Compressed(int stored, int raw, int skip, int visible)
    {
        byte[] value = new byte[ExtentRecord.HeaderBytes + 4];
        ExtentRecord.WriteHeader(value, new Extent(7, 12345, stored, raw, skip, visible, CodecKind.Lz4, false));
        return value;
    }

    [Fact]
    public void TheBytesAreWhereTheFormatSaysTheyAre()
    {
        byte[] value = Compressed(0x1234, 0x10000, 0x2000, 0x3000);
        Assert.Equal(36, ExtentRecord.HeaderBytes);
        Assert.Equal(292, ExtentRecord.MaxBytes);
        Assert.Equal(7UL, BinaryPrimitives.ReadUInt64LittleEndian(value));
        Assert.Equal(12345UL, BinaryPrimitives.ReadUInt64LittleEndian(value.AsSpan(8)));
        Assert.Equal(0x1234U, BinaryPrimitives.ReadUInt32LittleEndian(value.AsSpan(16)));
        Assert.Equal(0x10000U, BinaryPrimitives.ReadUInt32LittleEndian(value.AsSpan(20)));
        Assert.Equal(0x2000U, BinaryPrimitives.ReadUInt32LittleEndian(value.AsSpan(24)));
        Assert.Equal(0x3000U, BinaryPrimitives.ReadUInt32LittleEndian(value.AsSpan(28)));
        Assert.Equal((byte)CodecKind.Lz4, value[32]);
        Assert.Equal(0, value[33]);
        Assert.Equal(128 * 1024, ExtentRecord.RawCapBytes(ChecksumKind.Crc32c));
        Assert.Equal(128 * 1024, ExtentRecord.RawCapBytes(ChecksumKind.Xxh3));
        Assert.Equal(32 * 1024, ExtentRecord.RawCapBytes(ChecksumKind.Sha256));
    }

    [Fact]
    public void RawRecordsAreCutWithTheirDigests()
    {
        byte[] value = Raw(8, 8 * 4096);
        Assert.True(ExtentRecord.TryParse(value, ChecksumKind.Crc32c, out Extent extent));
        Span<byte> part = new byte[ExtentRecord.MaxBytes];
        int length = ExtentRecord.Slice(value, extent, ChecksumKind.Crc32c, 8192, 20_000, part);
        Assert.True(ExtentRecord.TryParse(part[..length], ChecksumKind.Crc32c, out Extent cut));
        Assert.Equal(extent.AddressBytes + 8192, cut.AddressBytes);
        Assert.Equal(3 * 4096, cut.StoredLengthBytes);
        Assert.Equal(20_000 - 8192, cut.VisibleLengthBytes);
        Assert.Equal(1002, BinaryPrimitives.ReadInt32LittleEndian(ExtentRecord.BlockDigest(part, 0, ChecksumKind.Crc32c)));
    }

    [Fact]
    public void NeighboursOnTheDeviceMergeUpToTheCap()
    {
        Span<byte> merged = new byte[ExtentRecord.MaxBytes];
        Assert.True(ExtentRecord.TryMerge(Raw(2, 8192), Raw(3, 3 * 4096, (1 << 20) + 8192), ChecksumKind.Crc32c, merged, out int length));
        Assert.True(ExtentRecord.TryParse(merged[..length], ChecksumKind.Crc32c, out Extent extent));
        Assert.Equal(5 * 4096, extent.VisibleLengthBytes);
        Assert.False(ExtentRecord.TryMerge(Raw(2, 8192), Raw(3, 3 * 4096, (1 << 20) + 12288), ChecksumKind.Crc32c, merged, out _));
        Assert.False(ExtentRecord.TryMerge(Raw(2, 8000), Raw(3, 3 * 4096, (1 << 20) + 8192), ChecksumKind.Crc32c, merged, out _));
        Assert.False(ExtentRecord.TryMerge(Raw(30, 30 * 4096), Raw(3, 3 * 4096, (1 << 20) + 30 * 4096), ChecksumKind.Crc32c, merged, out _));
    }

    /// <summary>Invariant D1: every record with storage counts, however small the part that it shows.</summary>
    [Fact]
    public void EveryCutOfARecordCountsLiveBytes()
    {
        byte[] value = Compressed(3, 128 * 1024, 0, 128 * 1024);
        Assert.True(ExtentRecord.TryParse(value, ChecksumKind.Crc32c, out Extent extent));
        byte[] part = new byte[ExtentRecord.MaxBytes];
        long sum = 0;
        for (int at = 0; at < 128 * 1024; at += 4096)
        {
            int length = ExtentRecord.Slice(value, extent, ChecksumKind.Crc32c, at, at + 4096, part);
            long live = ExtentRecord.LiveBytes(part.AsSpan(0, length));
            Assert.True(live > 0);
            sum += live;
        }
        Assert.True(sum >= ExtentRecord.LiveBytes(value));
        int unwritten = ExtentRecord.WriteUnwritten(part, 4096);
        Assert.Equal(0, ExtentRecord.LiveBytes(part.AsSpan(0, unwritten)));
    }

    [Fact]
    public void HostileRecordsAreRefusedAndReadAsErrors()
    {
        using var f = new DataFixture(CodecKind.Lz4);
        f.Create();
        f.Write(DataFixture.File, 0, new byte[100_000]);
        (long start, Extent _, byte[] good) = f.Extents(DataFixture.File)[0];
        var random = new FakeRandom(77);
        for (int i = 0; i < 5000; i++)
        {
            byte[] bad = good[..(random.Next(4) == 0 ? random.Next(good.Length + 1) : good.Length)];
            for (int n = 1 + random.Next(3); n > 0 && bad.Length > 8; n--)
            {
                bad[8 + random.Next(bad.Length - 8)] = (byte)random.Next(256);
            }
            f.Engine.Index.Put(Key.Of(DataFixture.File, RecordKind.Extent, (ulong)start), bad);
            int read = f.TryRead(DataFixture.File, 0, 100_000, out byte[] data);
            bool isHarmless = read >= 0 && data.AsSpan().IndexOfAnyExcept((byte)0) < 0;
            Assert.True(read == -Errno.EIO || isHarmless, $"attempt {i}: {read}");
            f.Write(DataFixture.File, 5, new byte[10]);
            f.Engine.Index.Put(Key.Of(DataFixture.File, RecordKind.Extent, (ulong)start), good);
        }
    }
}
