using System.Runtime.InteropServices;

namespace Txlfs.Journal.Device.Files;

/// <summary>libc calls on the descriptor of an image or block device. Constants are the kernel's, equal on x86-64 and arm64 where not said otherwise.</summary>
internal static unsafe partial class FileInterop
{
    public const int OpenReadOnly = 0;
    public const int OpenReadWrite = 2;
    public const int OpenCreate = 0x40;
    public const int OpenExclusive = 0x80;
    public const int OpenCloseOnExec = 0x80000;

    public const int LockShared = 1;
    public const int LockExclusive = 2;
    public const int LockNonBlocking = 4;
    public const int LockRelease = 8;

    public const int GetFlags = 3;
    public const int SetFlags = 4;

    public const int PunchHoleKeepSize = 0x02 | 0x01;

    public const ulong BlockDeviceLength64 = 0x80081272;
    public const ulong BlockDeviceLogicalBlock = 0x1268;
    public const ulong BlockDeviceDiscard = 0x1277;

    private const int CurrentDirectory = -100;
    private const int OfDescriptor = 0x1000; // AT_EMPTY_PATH
    private const uint BasicStats = 0x7FF;

    /// <summary>O_DIRECT is one of the few flags that differ between the two architectures.</summary>
    public static readonly int OpenDirect = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    /// <summary>struct statx, the same on every architecture; only what is needed here.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct FileStatus
    {
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(40)] public long LengthBytes;

        public readonly bool IsRegularFile => (Mode & 0xF000) == 0x8000;
        public readonly bool IsBlockDevice => (Mode & 0xF000) == 0x6000;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, FileStatus* status);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int file, int operation);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int file, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int file, ulong request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(int file, long lengthBytes);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(int file, int mode, long offsetBytes, long lengthBytes);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pread(int file, byte* destination, nuint lengthBytes, long offsetBytes);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pwrite(int file, byte* source, nuint lengthBytes, long offsetBytes);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(int file);

    // Each of these returns the call's result, or the negated errno.

    public static int Status(string path, out FileStatus status)
    {
        fixed (FileStatus* pointer = &status)
            return OrErrno(statx(CurrentDirectory, path, 0, BasicStats, pointer));
    }

    public static int Status(int file, out FileStatus status)
    {
        fixed (FileStatus* pointer = &status)
            return OrErrno(statx(file, "", OfDescriptor, BasicStats, pointer));
    }

    public static int Open(string path, int flags, uint mode = 0) => OrErrno(open(path, flags | OpenCloseOnExec, mode));

    /// <summary>The descriptor is gone afterwards, whatever the result says.</summary>
    public static void Close(int file) => _ = close(file);

    public static int Lock(int file, int operation) => OrErrno(flock(file, operation));

    public static int Control(int file, int command, int argument) => OrErrno(fcntl(file, command, argument));

    public static int DeviceControl(int file, ulong request, void* argument) => OrErrno(ioctl(file, request, argument));

    public static int SetLength(int file, long lengthBytes) => OrErrno(ftruncate(file, lengthBytes));

    public static int PunchHole(int file, long offsetBytes, long lengthBytes) => OrErrno(fallocate(file, PunchHoleKeepSize, offsetBytes, lengthBytes));

    public static int Read(int file, byte* destination, int lengthBytes, long offsetBytes) => OrErrno((int)pread(file, destination, (nuint)lengthBytes, offsetBytes));

    public static int Write(int file, byte* source, int lengthBytes, long offsetBytes) => OrErrno((int)pwrite(file, source, (nuint)lengthBytes, offsetBytes));

    public static int FlushData(int file) => OrErrno(fdatasync(file));

    private static int OrErrno(int result) => result >= 0 ? result : -Marshal.GetLastPInvokeError();
}
