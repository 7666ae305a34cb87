using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Mounted;

/// <summary>An open descriptor, and the calls on it; failures throw with the errno.</summary>
internal sealed unsafe class OpenFile(string path, int flags, uint mode = 0x1A4) : IDisposable
{
    public int Descriptor { get; } = Posix.Check(Libc.Open(path, flags, mode), $"open {path}");

    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            fixed (byte* pointer = data)
            {
                int written = (int)Posix.Check(Libc.Pwrite(Descriptor, pointer, (nuint)data.Length, offset), "pwrite");
                data = data[written..];
                offset += written;
            }
        }
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        fixed (byte* pointer = data)
        {
            Posix.Require(Libc.Write(Descriptor, pointer, (nuint)data.Length) == data.Length, "write");
        }
    }

    public byte[] Read(long offset, int length)
    {
        byte[] data = new byte[length];
        int done = 0;
        fixed (byte* pointer = data)
        {
            while (done < length)
            {
                int count = (int)Posix.Check(Libc.Pread(Descriptor, pointer + done, (nuint)(length - done), offset + done), "pread");
                if (count == 0)
                {
                    break;
                }
                done += count;
            }
        }
        return data[..done];
    }

    public long Seek(long offset, int whence) => Libc.Lseek(Descriptor, offset, whence);
    public void Sync() => Posix.Check(Libc.Fsync(Descriptor), "fsync");
    public void SyncFilesystem() => Posix.Check(Libc.Syncfs(Descriptor), "syncfs");
    public void Truncate(long length) => Posix.Check(Libc.Ftruncate(Descriptor, length), "ftruncate");
    public void Allocate(int mode, long offset, long length) => Posix.Check(Libc.Fallocate(Descriptor, mode, offset, length), $"fallocate mode {mode}");
    public StatxBuffer Stat() => Posix.Stat("", Descriptor, Libc.AtEmptyPath);
    public void Dispose() => Posix.Check(Libc.Close(Descriptor), "close");
}

internal static unsafe class Posix
{
    public static nint Check(nint result, string what)
    {
        int errno = Marshal.GetLastPInvokeError();
        return result >= 0 ? result : throw new Win32Exception(errno, $"{what}: errno {errno} ({Marshal.GetPInvokeErrorMessage(errno)})");
    }

    public static int Check(int result, string what) => (int)Check((nint)result, what);

    public static void Require(bool condition, string what) => Check(condition ? 0 : -1, what);

    /// <summary>The errno that a call failed with; 0 when it did not fail.</summary>
    public static int ErrnoOf(Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (Win32Exception exception)
        {
            return exception.NativeErrorCode;
        }
    }

    public static StatxBuffer Stat(string path, int directory = Libc.AtFdcwd, int flags = Libc.AtSymlinkNofollow)
    {
        StatxBuffer buffer;
        Check(Libc.Statx(directory, path, flags, 0xFFF, &buffer), $"statx {path}");
        return buffer;
    }

    public static bool Exists(string path)
    {
        StatxBuffer buffer;
        return Libc.Statx(Libc.AtFdcwd, path, Libc.AtSymlinkNofollow, 1, &buffer) == 0;
    }

    public static void WriteFile(string path, ReadOnlySpan<byte> data)
    {
        using OpenFile file = new(path, Libc.OWronly | Libc.OCreat | Libc.OTrunc);
        file.Write(0, data);
    }

    public static byte[] ReadFile(string path)
    {
        using OpenFile file = new(path, Libc.ORdonly);
        return file.Read(0, (int)file.Stat().Size);
    }

    public static string Readlink(string path)
    {
        byte[] buffer = new byte[8192];
        fixed (byte* pointer = buffer)
        {
            return Encoding.UTF8.GetString(pointer, (int)Check(Libc.Readlink(path, pointer, (nuint)buffer.Length), $"readlink {path}"));
        }
    }

    public static void Rename(string from, string to, uint flags = 0) => Check(Libc.RenameAt2(Libc.AtFdcwd, from, Libc.AtFdcwd, to, flags), $"rename {from}");
    public static void Unlink(string path) => Check(Libc.Unlink(path), $"unlink {path}");
    public static void MakeDirectory(string path, uint mode = 0x1ED) => Check(Libc.Mkdir(path, mode), $"mkdir {path}");

    public static void SetTimes(string path, long seconds)
    {
        Timespec* times = stackalloc Timespec[] { new(seconds, 1), new(seconds, 2) };
        Check(Libc.Utimensat(Libc.AtFdcwd, path, times, 0), $"utimensat {path}");
    }

    public static void SetXattr(string path, string name, byte[] value, int flags = 0)
    {
        fixed (byte* pointer = value)
        {
            Check(Libc.Setxattr(path, name, pointer, (nuint)value.Length, flags), $"setxattr {path} {name}");
        }
    }

    public static byte[] GetXattr(string path, string name)
    {
        byte[] buffer = new byte[65536];
        fixed (byte* pointer = buffer)
        {
            return buffer[..(int)Check(Libc.Getxattr(path, name, pointer, (nuint)buffer.Length), $"getxattr {path} {name}")];
        }
    }

    public static string[] ListXattr(string path)
    {
        byte[] buffer = new byte[65536];
        fixed (byte* pointer = buffer)
        {
            int length = (int)Check(Libc.Listxattr(path, pointer, (nuint)buffer.Length), $"listxattr {path}");
            return [.. Encoding.UTF8.GetString(buffer, 0, length).Split('\0', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
        }
    }

    public static byte[] Random(ulong seed, int length) => new SeededRandom(seed).Data(length);
}
