using System.Runtime.InteropServices;

namespace Txlfs.Journal.Codec;

/// <summary>libsnappy through its C interface (snappy-c.h). Every status is 0 for success.</summary>
internal static unsafe partial class SnappyInterop
{
    private const string FileName = "libsnappy.so.1";

    public static readonly NativeCodecLibrary Library = new(FileName, "snappy_uncompress", "libsnappy1v5");

    [LibraryImport(FileName)]
    public static partial nuint snappy_max_compressed_length(nuint sourceBytes);

    [LibraryImport(FileName)]
    public static partial int snappy_compress(byte* source, nuint sourceBytes, byte* destination, nuint* destinationBytes);

    [LibraryImport(FileName)]
    public static partial int snappy_uncompressed_length(byte* source, nuint sourceBytes, nuint* lengthBytes);

    [LibraryImport(FileName)]
    public static partial int snappy_uncompress(byte* source, nuint sourceBytes, byte* destination, nuint* destinationBytes);
}
