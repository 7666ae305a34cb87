using System.Runtime.InteropServices;

namespace Txlfs.Journal.Codec;

/// <summary>liblz4, block format (no frame header).</summary>
internal static unsafe partial class Lz4Interop
{
    private const string FileName = "liblz4.so.1";

    public static readonly NativeCodecLibrary Library = new(FileName, "LZ4_decompress_safe", "liblz4-1");

    [LibraryImport(FileName)]
    private static partial int LZ4_compress_default(byte* source, byte* destination, int sourceBytes, int destinationBytes);

    [LibraryImport(FileName)]
    private static partial int LZ4_decompress_safe(byte* source, byte* destination, int sourceBytes, int destinationBytes);

    public static int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        fixed (byte* from = source)
        fixed (byte* to = destination)
            return LZ4_compress_default(from, to, source.Length, destination.Length);
    }

    public static bool Decompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        fixed (byte* from = source)
        fixed (byte* to = destination)
            return LZ4_decompress_safe(from, to, source.Length, destination.Length) == destination.Length;
    }
}
