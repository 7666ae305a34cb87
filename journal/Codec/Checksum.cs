using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Txlfs.Journal.Codec;

/// <summary>Digests that are stored apart from what they protect. Stateless and thread-safe.</summary>
public static class Checksum
{
    /// <summary>The widest digest that a structure reserves room for.</summary>
    public const int MaxWidthBytes = 32;

    /// <summary>4 for CRC32C, 8 for XXH3-64, 32 for SHA-256.</summary>
    public static int WidthBytes(ChecksumKind kind) => kind switch
    {
        ChecksumKind.Crc32c => sizeof(uint),
        ChecksumKind.Xxh3 => sizeof(ulong),
        ChecksumKind.Sha256 => SHA256.HashSizeInBytes,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown checksum"),
    };

    public static bool IsAvailable(ChecksumKind kind, out string reason)
    {
        if (kind == ChecksumKind.Xxh3)
        {
            reason = XxHashInterop.Library.Reason;
            return XxHashInterop.Library.IsLoaded;
        }
        bool isKnown = kind is ChecksumKind.Crc32c or ChecksumKind.Sha256;
        reason = isKnown ? "" : $"checksum number {(byte)kind} is not known to this version";
        return isKnown;
    }

    /// <summary>Writes the digest of <paramref name="data"/> (little-endian for the integer kinds) into the first WidthBytes of <paramref name="digest"/>, and zeros into the rest of it.</summary>
    public static void Compute(ChecksumKind kind, ReadOnlySpan<byte> data, Span<byte> digest)
    {
        int widthBytes = WidthBytes(kind);
        switch (kind)
        {
            case ChecksumKind.Crc32c:
                BinaryPrimitives.WriteUInt32LittleEndian(digest, Crc32c(data));
                break;
            case ChecksumKind.Xxh3:
                BinaryPrimitives.WriteUInt64LittleEndian(digest, XxHashInterop.Hash(data));
                break;
            default:
                SHA256.HashData(data, digest);
                break;
        }
        digest[widthBytes..].Clear();
    }

    /// <summary>True iff the digest's first WidthBytes are the digest of the data. An unknown kind or a digest that is too short is false.</summary>
    public static bool Verify(ChecksumKind kind, ReadOnlySpan<byte> data, ReadOnlySpan<byte> digest)
    {
        switch (kind)
        {
            case ChecksumKind.Crc32c:
                return BinaryPrimitives.TryReadUInt32LittleEndian(digest, out uint crc) && crc == Crc32c(data);
            case ChecksumKind.Xxh3:
                return BinaryPrimitives.TryReadUInt64LittleEndian(digest, out ulong hash) && hash == XxHashInterop.Hash(data);
            case ChecksumKind.Sha256:
                if (digest.Length < SHA256.HashSizeInBytes)
                    return false;
                Span<byte> computed = stackalloc byte[SHA256.HashSizeInBytes];
                SHA256.HashData(data, computed);
                return digest[..SHA256.HashSizeInBytes].SequenceEqual(computed);
            default:
                return false;
        }
    }

    /// <summary>CRC32C (Castagnoli), continued from <paramref name="crc"/> (0 to begin).</summary>
    public static uint Crc32c(ReadOnlySpan<byte> data, uint crc = 0) =>
        Crc32cHardware.IsSupported ? Crc32cHardware.Append(data, crc) : Crc32cTables.Append(data, crc);
}
