using System.Runtime.InteropServices;

namespace Txlfs.Journal.Device;

/// <summary>Anonymous and ring mappings from libc.</summary>
internal static unsafe partial class MemoryInterop
{
    public const int ProtReadWrite = 0x1 | 0x2;
    public const int MapShared = 0x01;
    public const int MapPrivate = 0x02;
    public const int MapAnonymous = 0x20;
    public const int MapNoReserve = 0x4000;
    public const int MapPopulate = 0x8000;
    public const int AdviseDontNeed = 4;

    public static readonly void* MapFailed = (void*)-1;

    [LibraryImport("libc", SetLastError = true)]
    public static partial void* mmap(void* address, nuint lengthBytes, int protection, int flags, int fileDescriptor, long offsetBytes);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int munmap(void* address, nuint lengthBytes);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int madvise(void* address, nuint lengthBytes, int advice);
}
