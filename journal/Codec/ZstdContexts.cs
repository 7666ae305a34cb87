namespace Txlfs.Journal.Codec;

/// <summary>
/// One compression and one decompression context per thread, made on first use: creating one costs more than
/// compressing a small extent. The finalizer frees them after their thread has gone.
/// </summary>
internal sealed unsafe class ZstdContexts
{
    private const int Level = 3;

    [ThreadStatic]
    private static ZstdContexts? _ofThisThread;

    private nint _compression;
    private nint _decompression;

    ~ZstdContexts()
    {
        if (_compression != 0)
            ZstdInterop.ZSTD_freeCCtx(_compression);
        if (_decompression != 0)
            ZstdInterop.ZSTD_freeDCtx(_decompression);
    }

    private static ZstdContexts OfThisThread => _ofThisThread ??= new ZstdContexts();

    public static int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ZstdContexts contexts = OfThisThread;
        if (contexts._compression == 0)
            contexts._compression = NotNull(ZstdInterop.ZSTD_createCCtx());
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            nuint result = ZstdInterop.ZSTD_compressCCtx(contexts._compression, to, (nuint)destination.Length, from, (nuint)source.Length, Level);
            return ZstdInterop.ZSTD_isError(result) != 0 ? 0 : (int)result;
        }
    }

    public static bool Decompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ZstdContexts contexts = OfThisThread;
        if (contexts._decompression == 0)
            contexts._decompression = NotNull(ZstdInterop.ZSTD_createDCtx());
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            // An error code is a huge value, so it never equals the expected length.
            nuint result = ZstdInterop.ZSTD_decompressDCtx(contexts._decompression, to, (nuint)destination.Length, from, (nuint)source.Length);
            return result == (nuint)destination.Length;
        }
    }

    private static nint NotNull(nint context) => context != 0 ? context : throw new OutOfMemoryException("zstd could not allocate a context");
}
