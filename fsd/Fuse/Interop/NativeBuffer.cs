using Txlfs.Journal.Device;

namespace Txlfs.Fsd.Fuse.Interop;

/// <summary>Page-aligned anonymous memory that costs nothing until it is touched.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private readonly nuint _mappedBytes;

    public NativeBuffer(int lengthBytes)
    {
        int pageBytes = Environment.SystemPageSize;
        _mappedBytes = (nuint)((lengthBytes + pageBytes - 1) / pageBytes * pageBytes);
        void* address = LibC.MMap(null, _mappedBytes, LibC.ProtReadWrite, LibC.MapPrivateAnonymous | LibC.MapNoReserve, -1, 0);
        if (address == (void*)-1)
            throw new OutOfMemoryException($"Mapping {lengthBytes} bytes failed (errno {LibC.LastErrno}).");

        // Neighbouring buffers merge into one mapping; a huge page would make a small request cost 2 MiB. An old kernel may refuse: no harm.
        _ = LibC.MAdvise(address, _mappedBytes, LibC.MadviseNoHugePage);
        Pointer = (byte*)address;
    }

    public byte* Pointer { get; }

    public NativeSlice Slice(int startBytes, int lengthBytes) => new NativeSlice(Pointer, (int)_mappedBytes).Slice(startBytes, lengthBytes);

    /// <summary>Gives the pages behind <paramref name="keepBytes"/> back; they read as zero when they are touched again.</summary>
    public void Trim(int keepBytes)
    {
        nuint keep = (nuint)keepBytes;
        if (keep < _mappedBytes)
            _ = LibC.MAdvise(Pointer + keep, _mappedBytes - keep, LibC.MadviseDontNeed);
    }

    public void Dispose() => _ = LibC.MUnmap(Pointer, _mappedBytes);
}
