using System.IO.Compression;

namespace Txlfs.Journal.Codec;

/// <summary>Brotli from the framework: slower than zstd at the same ratio, but there on every machine.</summary>
internal static class BrotliBlock
{
    private const int Quality = 4;

    /// <summary>log2 of the window; 256 KiB covers the largest extent.</summary>
    private const int WindowBits = 18;

    public static int Compress(ReadOnlySpan<byte> source, Span<byte> destination) =>
        BrotliEncoder.TryCompress(source, destination, out int lengthBytes, Quality, WindowBits) ? lengthBytes : 0;

    public static bool Decompress(ReadOnlySpan<byte> source, Span<byte> destination) =>
        BrotliDecoder.TryDecompress(source, destination, out int lengthBytes) && lengthBytes == destination.Length;
}
