namespace Txlfs.Journal.Codec;

/// <summary>Block compression behind one door. Stateless and thread-safe; a codec whose library is missing says so through <see cref="IsAvailable"/>.</summary>
public static class Codec
{
    public static bool IsAvailable(CodecKind kind, out string reason)
    {
        NativeCodecLibrary? library = kind switch
        {
            CodecKind.Lz4 => Lz4Interop.Library,
            CodecKind.Zstd => ZstdInterop.Library,
            CodecKind.Snappy => SnappyInterop.Library,
            _ => null,
        };
        if (library is not null)
        {
            reason = library.Reason;
            return library.IsLoaded;
        }
        bool isKnown = kind is CodecKind.None or CodecKind.Brotli;
        reason = isKnown ? "" : $"compression number {(byte)kind} is not known to this version";
        return isKnown;
    }

    /// <summary>
    /// Compresses into <paramref name="destination"/>. Returns the compressed length, or 0 when it does not fit there.
    /// Nothing compresses to nothing: an empty source gives 0, and 0 bytes decompress only to 0 bytes.
    /// </summary>
    public static int Compress(CodecKind kind, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (source.IsEmpty || destination.IsEmpty)
            return 0;
        return kind switch
        {
            CodecKind.None => Copy(source, destination),
            CodecKind.Lz4 => Lz4Interop.Compress(source, destination),
            CodecKind.Zstd => ZstdContexts.Compress(source, destination),
            CodecKind.Snappy => SnappyBlock.Compress(source, destination),
            CodecKind.Brotli => BrotliBlock.Compress(source, destination),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown compression"),
        };
    }

    /// <summary>True iff <paramref name="source"/> decompresses to exactly the destination's length. Hostile input returns false, never overruns.</summary>
    public static bool Decompress(CodecKind kind, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (source.IsEmpty || destination.IsEmpty)
            return source.IsEmpty && destination.IsEmpty;
        return kind switch
        {
            CodecKind.None => source.Length == destination.Length && source.TryCopyTo(destination),
            CodecKind.Lz4 => Lz4Interop.Decompress(source, destination),
            CodecKind.Zstd => ZstdContexts.Decompress(source, destination),
            CodecKind.Snappy => SnappyBlock.Decompress(source, destination),
            CodecKind.Brotli => BrotliBlock.Decompress(source, destination),
            _ => false,
        };
    }

    private static int Copy(ReadOnlySpan<byte> source, Span<byte> destination) => source.TryCopyTo(destination) ? source.Length : 0;
}
