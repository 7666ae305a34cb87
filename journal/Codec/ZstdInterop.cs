using System.Runtime.InteropServices;

namespace Txlfs.Journal.Codec;

/// <summary>libzstd, the one-shot calls with reusable contexts.</summary>
internal static unsafe partial class ZstdInterop
{
    private const string FileName = "libzstd.so.1";

    public static readonly NativeCodecLibrary Library = new(FileName, "ZSTD_decompressDCtx", "libzstd1");

    [LibraryImport(FileName)]
    public static partial nint ZSTD_createCCtx();

    [LibraryImport(FileName)]
    public static partial nuint ZSTD_freeCCtx(nint context);

    [LibraryImport(FileName)]
    public static partial nint ZSTD_createDCtx();

    [LibraryImport(FileName)]
    public static partial nuint ZSTD_freeDCtx(nint context);

    [LibraryImport(FileName)]
    public static partial nuint ZSTD_compressCCtx(nint context, byte* destination, nuint destinationBytes, byte* source, nuint sourceBytes, int level);

    [LibraryImport(FileName)]
    public static partial nuint ZSTD_decompressDCtx(nint context, byte* destination, nuint destinationBytes, byte* source, nuint sourceBytes);

    [LibraryImport(FileName)]
    public static partial uint ZSTD_isError(nuint code);
}
