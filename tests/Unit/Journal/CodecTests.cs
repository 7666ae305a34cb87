using Txlfs.Journal.Codec;
using Xunit;

namespace Txlfs.Tests.Unit.Journal;

public class CodecTests
{
    public static TheoryData<CodecKind> Kinds => [CodecKind.None, CodecKind.Lz4, CodecKind.Zstd, CodecKind.Snappy, CodecKind.Brotli];

    [Theory, MemberData(nameof(Kinds))]
    public void CompressibleDataRoundTrips(CodecKind kind)
    {
        Assert.True(Codec.IsAvailable(kind, out string reason), reason);
        foreach (int lengthBytes in (int[])[1, 17, 512, 4096, 131072, 1 << 20])
        {
            byte[] source = Text(lengthBytes);
            var compressed = new byte[lengthBytes + 1024];
            int compressedBytes = Codec.Compress(kind, source, compressed);
            Assert.InRange(compressedBytes, 1, compressed.Length);
            if (kind != CodecKind.None && lengthBytes >= 4096)
                Assert.True(compressedBytes < lengthBytes / 2);

            var restored = new byte[lengthBytes];
            Assert.True(Codec.Decompress(kind, compressed.AsSpan(0, compressedBytes), restored));
            Assert.Equal(source, restored);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void IncompressibleDataThatDoesNotFitIsZeroAndDoesNotOverrun(CodecKind kind)
    {
        byte[] source = Noise(4096, seed: 1);
        var destination = new byte[4096];
        Array.Fill(destination, (byte)0xA5);
        Assert.Equal(0, Codec.Compress(kind, source, destination.AsSpan(0, 3584)));
        Assert.All(destination[3584..], value => Assert.Equal(0xA5, value));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void NothingCompressesToNothing(CodecKind kind)
    {
        Assert.Equal(0, Codec.Compress(kind, [], new byte[16]));
        Assert.Equal(0, Codec.Compress(kind, new byte[16], []));
        Assert.True(Codec.Decompress(kind, [], []));
        Assert.False(Codec.Decompress(kind, [], new byte[1]));
        Assert.False(Codec.Decompress(kind, new byte[1], []));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void AWrongExpectedLengthIsFalse(CodecKind kind)
    {
        byte[] source = Text(4096);
        var compressed = new byte[8192];
        int compressedBytes = Codec.Compress(kind, source, compressed);
        Assert.False(Codec.Decompress(kind, compressed.AsSpan(0, compressedBytes), new byte[4095]));
        Assert.False(Codec.Decompress(kind, compressed.AsSpan(0, compressedBytes), new byte[4097]));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void HostileInputNeverOverruns(CodecKind kind)
    {
        const int outputBytes = 4096, guardBytes = 256;
        byte[] source = Text(outputBytes);
        var compressed = new byte[8192];
        int compressedBytes = Codec.Compress(kind, source, compressed);
        var output = new byte[guardBytes + outputBytes + guardBytes];
        for (uint seed = 1; seed <= 2000; seed++)
        {
            byte[] hostile = Mutate(compressed.AsSpan(0, compressedBytes), seed);
            Array.Fill(output, (byte)0xA5);
            Codec.Decompress(kind, hostile, output.AsSpan(guardBytes, outputBytes));
            bool isGuardIntact = output.AsSpan(0, guardBytes).IndexOfAnyExcept((byte)0xA5) < 0
                && output.AsSpan(guardBytes + outputBytes).IndexOfAnyExcept((byte)0xA5) < 0;
            Assert.True(isGuardIntact, $"{kind}: overrun with seed {seed}");
        }
    }

    [Fact]
    public void UnknownNumbersAreRefusedWithAReason()
    {
        Assert.False(Codec.IsAvailable((CodecKind)77, out string reason));
        Assert.Contains("77", reason);
        Assert.False(Codec.Decompress((CodecKind)77, [1, 2, 3], new byte[3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Codec.Compress((CodecKind)77, [1, 2, 3], new byte[3]));
    }

    [Fact]
    public void AMissingLibraryIsNamed()
    {
        var missing = new NativeCodecLibrary("libtxlfs-no-such-codec.so.9", "none", "libnone");
        Assert.False(missing.IsLoaded);
        Assert.Contains("libtxlfs-no-such-codec.so.9", missing.Reason);
        Assert.Contains("libnone", missing.Reason);
    }

    [Fact]
    public void NumbersOnDiskAreFixed()
    {
        Assert.Equal([0, 1, 2, 3, 4], Enum.GetValues<CodecKind>().Select(kind => (int)kind));
        Assert.Equal([1, 2, 3], Enum.GetValues<ChecksumKind>().Select(kind => (int)kind));
    }

    internal static byte[] Text(int lengthBytes)
    {
        var data = new byte[lengthBytes];
        for (int i = 0; i < lengthBytes; i++)
            data[i] = (byte)("the quick brown fox jumps over the lazy dog "[i % 44] ^ (i / 1000 & 3));
        return data;
    }

    internal static byte[] Noise(int lengthBytes, ulong seed)
    {
        var data = new byte[lengthBytes];
        for (int i = 0; i < lengthBytes; i++)
        {
            seed = seed * 6364136223846793005 + 1442695040888963407;
            data[i] = (byte)(seed >> 56);
        }
        return data;
    }

    /// <summary>By turns: pure noise, some bytes of a good block changed, a good block cut short.</summary>
    private static byte[] Mutate(ReadOnlySpan<byte> good, uint seed)
    {
        byte[] noise = Noise(64, seed);
        if (seed % 3 == 0)
            return Noise(1 + noise[0] * 4, seed);
        if (seed % 3 == 1)
            return good[..(good.Length * noise[0] / 256)].ToArray();
        byte[] changed = good.ToArray();
        for (int i = 0; i < 1 + noise[0] % 8; i++)
            changed[(noise[i * 3 + 1] << 8 | noise[i * 3 + 2]) % changed.Length] ^= (byte)(noise[i * 3 + 3] | 1);
        return changed;
    }
}
