using System.Text;
using Txlfs.Journal.Codec;
using Xunit;

namespace Txlfs.Tests.Unit.Journal;

public class ChecksumTests
{
    public static TheoryData<ChecksumKind> Kinds => [ChecksumKind.Crc32c, ChecksumKind.Xxh3, ChecksumKind.Sha256];

    [Theory]
    [InlineData(ChecksumKind.Crc32c, "839206E3")]
    [InlineData(ChecksumKind.Xxh3, "FF7DA1678BB1DC72")]
    [InlineData(ChecksumKind.Sha256, "15E2B0D3C33891EBB0F1EF609EC419420C20E320CE94C65FBC8C3312448EB225")]
    public void KnownAnswer(ChecksumKind kind, string expectedHex)
    {
        var digest = new byte[Checksum.WidthBytes(kind)];
        Checksum.Compute(kind, Encoding.ASCII.GetBytes("123456789"), digest);
        Assert.Equal(expectedHex, Convert.ToHexString(digest));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void OneChangedBitIsSeenAndTheRestOfTheDigestIsZero(ChecksumKind kind)
    {
        Assert.True(Checksum.IsAvailable(kind, out string reason), reason);
        byte[] data = CodecTests.Noise(4096, seed: 3);
        var digest = new byte[Checksum.MaxWidthBytes];
        Array.Fill(digest, (byte)0xFF);
        Checksum.Compute(kind, data, digest);
        Assert.All(digest[Checksum.WidthBytes(kind)..], value => Assert.Equal(0, value));
        Assert.True(Checksum.Verify(kind, data, digest));
        data[1234] ^= 4;
        Assert.False(Checksum.Verify(kind, data, digest));
        Assert.False(Checksum.Verify(kind, data, digest.AsSpan(0, Checksum.WidthBytes(kind) - 1)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void EmptyDataHasADigest(ChecksumKind kind)
    {
        var digest = new byte[Checksum.MaxWidthBytes];
        Checksum.Compute(kind, [], digest);
        Assert.True(Checksum.Verify(kind, [], digest));
    }

    /// <summary>The published XXH3 vector for no input and seed 0.</summary>
    [Fact]
    public void Xxh3OfNothing()
    {
        var digest = new byte[8];
        Checksum.Compute(ChecksumKind.Xxh3, [], digest);
        Assert.Equal(0x2D06800538D394C2UL, BitConverter.ToUInt64(digest));
    }

    [Fact]
    public void HardwareAndSoftwareCrcAgreeAtEveryLengthAndAlignment()
    {
        byte[] data = CodecTests.Noise(70000, seed: 5);
        foreach (int lengthBytes in Enumerable.Range(0, 900).Concat([1359, 1360, 4079, 4080, 4081, 4095, 4096, 4097, 8160, 12345, 65536, 69990]))
            for (int start = 0; start < 9; start += lengthBytes < 900 ? 4 : 1)
            {
                ReadOnlySpan<byte> part = data.AsSpan(start, lengthBytes);
                uint expected = Crc32cTables.Append(part, 0x1234);
                Assert.Equal(expected, Checksum.Crc32c(part, 0x1234));
                if (Crc32cHardware.IsSupported)
                    Assert.Equal(expected, Crc32cHardware.Append(part, 0x1234));
            }
    }

    [Fact]
    public void SoftwareCrcAgreesWithTheDefinition()
    {
        byte[] data = CodecTests.Noise(100, seed: 6);
        uint state = ~0u;
        foreach (byte value in data)
        {
            state ^= value;
            for (int bit = 0; bit < 8; bit++)
                state = (state & 1) != 0 ? (state >> 1) ^ 0x82F63B78 : state >> 1;
        }
        Assert.Equal(~state, Crc32cTables.Append(data, 0));
    }

    [Fact]
    public void CrcContinues()
    {
        byte[] data = CodecTests.Noise(10000, seed: 7);
        foreach (int cut in (int[])[0, 1, 7, 384, 4096, 9999, 10000])
            Assert.Equal(Checksum.Crc32c(data), Checksum.Crc32c(data.AsSpan(cut), Checksum.Crc32c(data.AsSpan(0, cut))));
    }

    [Fact]
    public void UnknownNumbersAreRefused()
    {
        Assert.False(Checksum.IsAvailable((ChecksumKind)9, out string reason));
        Assert.Contains("9", reason);
        Assert.False(Checksum.Verify((ChecksumKind)9, [1], new byte[32]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Checksum.WidthBytes((ChecksumKind)9));
    }
}
