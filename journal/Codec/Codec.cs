namespace Txlfs.Journal.Codec;

/// <summary>Block compression behind one door. Stateless and thread-safe; a codec whose library is missing says so through <see cref="IsAvailable"/>.</summary>
public static class Codec
{
    public static bool IsAvailable(CodecKind kind, out string reason) => throw new NotImplementedException();

    /// <summary>Compresses into <paramref name="destination"/>. Returns the compressed length, or 0 when it does not fit there.</summary>
    public static int Compress(CodecKind kind, ReadOnlySpan<byte> source, Span<byte> destination) => throw new NotImplementedException();

    /// <summary>True iff <paramref name="source"/> decompresses to exactly the destination's length. Hostile input returns false, never overruns.</summary>
    public static bool Decompress(CodecKind kind, ReadOnlySpan<byte> source, Span<byte> destination) => throw new NotImplementedException();
}

public static class Checksum
{
    /// <summary>The widest digest that a structure reserves room for.</summary>
    public const int MaxWidthBytes = 32;

    /// <summary>4 for CRC32C, 8 for XXH3-64, 32 for SHA-256.</summary>
    public static int WidthBytes(ChecksumKind kind) => throw new NotImplementedException();

    public static bool IsAvailable(ChecksumKind kind, out string reason) => throw new NotImplementedException();

    /// <summary>Writes the digest of <paramref name="data"/> (little-endian for the integer kinds) into the first WidthBytes of <paramref name="digest"/>, and zeros into the rest of it.</summary>
    public static void Compute(ChecksumKind kind, ReadOnlySpan<byte> data, Span<byte> digest) => throw new NotImplementedException();

    public static bool Verify(ChecksumKind kind, ReadOnlySpan<byte> data, ReadOnlySpan<byte> digest) => throw new NotImplementedException();

    /// <summary>CRC32C (Castagnoli), continued from <paramref name="crc"/> (0 to begin).</summary>
    public static uint Crc32c(ReadOnlySpan<byte> data, uint crc = 0) => throw new NotImplementedException();
}
