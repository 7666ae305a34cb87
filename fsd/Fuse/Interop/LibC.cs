using System.Runtime.InteropServices;
using System.Text;

namespace Txlfs.Fsd.Fuse.Interop;

/// <summary>The calls of the C library that the FUSE transports need. Results are the library's own: -1 and the error in <see cref="LastErrno"/>.</summary>
internal static unsafe partial class LibC
{
    public const int OpenReadOnly = 0, OpenReadWrite = 2, OpenCloseOnExec = 0x80000;
    public const int ProtReadWrite = 3;
    public const int MapShared = 1, MapPrivateAnonymous = 0x22, MapPopulate = 0x8000, MapNoReserve = 0x4000;
    public const int MadviseDontNeed = 4, MadviseNoHugePage = 15;
    public const int SysIoUringSetup = 425, SysIoUringEnter = 426, SysIoUringRegister = 427;

    public static int LastErrno => Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int fd, void* buffer, nuint count);

    /// <summary>Never blocks on another process when used on /dev/fuse, so the collector need not be told of it.</summary>
    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [SuppressGCTransition]
    public static partial nint WriteReply(int fd, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    public static partial nint WriteV(int fd, IoVector* vectors, int count);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int IoCtl(int fd, nuint request, uint* argument);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial void* MMap(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    public static partial int MUnmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    public static partial int MAdvise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    public static partial int SchedSetAffinity(int pid, nuint maskBytes, ulong* mask);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint GetEUid();

    [LibraryImport("libc", EntryPoint = "getegid")]
    public static partial uint GetEGid();

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Umount2(string target, int flags);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    public static partial int SocketPair(int domain, int type, int protocol, int* pair);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint RecvMsg(int fd, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial int IoUringSetup(long number, uint entries, IoUringParams* parameters);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial int IoUringEnter(long number, int fd, uint toSubmit, uint minComplete, uint flags, void* argument, nuint argumentBytes);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial int IoUringRegister(long number, int fd, uint opcode, void* argument, uint count);

    /// <summary>The text of a small file of /proc or /sys; null when it cannot be read.</summary>
    public static string? ReadSmallFile(string path)
    {
        int fd = Open(path, OpenReadOnly | OpenCloseOnExec);
        if (fd < 0)
            return null;
        try
        {
            byte* buffer = stackalloc byte[4096];
            nint length = Read(fd, buffer, 4096);
            return length < 0 ? null : Encoding.UTF8.GetString(buffer, (int)length).Trim();
        }
        finally
        {
            _ = Close(fd);
        }
    }
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    public void* Base;
    public nuint LengthBytes;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    public void* Name;
    public uint NameBytes;
    public IoVector* Vectors;
    public nuint VectorCount;
    public void* Control;
    public nuint ControlBytes;
    public int Flags;
}
