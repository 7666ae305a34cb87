using System.Text;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Tests.Model;

/// <summary>What an operation gave: errno 0 or positive, and what else it has to say.</summary>
public readonly record struct Outcome(int Errno, ulong Inode = 0, long Count = 0, byte[]? Data = null)
{
    public static Outcome Of(OpResult<InodeAttributes> result) => new(result.Errno, result.IsOk ? result.Value.Inode : 0);
    public static Outcome Of(OpResult<long> result) => new(result.Errno, 0, result.Value);
    public static Outcome Of(int result) => result < 0 ? new(-result) : new(0, 0, result);
}

/// <summary>A volume with managed arguments.</summary>
public sealed class VolumeDriver(Volume volume) : IDisposable
{
    public Volume Volume { get; } = volume;

    public void Dispose() => Volume.Dispose();

    public async ValueTask<Outcome> CreateAsync(ulong parent, string name, uint mode, uint rdev, Caller caller, bool open)
    {
        using NativeBuffer text = new(name);
        return Outcome.Of(await Volume.CreateAsync(parent, text.Slice, mode, rdev, caller, open));
    }

    public async ValueTask<Outcome> MakeDirectoryAsync(ulong parent, string name, uint mode, Caller caller)
    {
        using NativeBuffer text = new(name);
        return Outcome.Of(await Volume.MakeDirectoryAsync(parent, text.Slice, mode, caller));
    }

    public async ValueTask<Outcome> SymlinkAsync(ulong parent, string name, string target, Caller caller)
    {
        using NativeBuffer text = new(name);
        using NativeBuffer destination = new(target);
        return Outcome.Of(await Volume.SymlinkAsync(parent, text.Slice, destination.Slice, caller));
    }

    public async ValueTask<Outcome> CreateTemporaryAsync(ulong parent, uint mode, Caller caller) => Outcome.Of(await Volume.CreateTemporaryAsync(parent, mode, caller));

    public async ValueTask<Outcome> LinkAsync(ulong inode, ulong parent, string name, Caller caller)
    {
        using NativeBuffer text = new(name);
        return Outcome.Of(await Volume.LinkAsync(inode, parent, text.Slice, caller));
    }

    public async ValueTask<Outcome> UnlinkAsync(ulong parent, string name, Caller caller)
    {
        using NativeBuffer text = new(name);
        return Outcome.Of(await Volume.UnlinkAsync(parent, text.Slice, caller));
    }

    public async ValueTask<Outcome> RemoveDirectoryAsync(ulong parent, string name, Caller caller)
    {
        using NativeBuffer text = new(name);
        return Outcome.Of(await Volume.RemoveDirectoryAsync(parent, text.Slice, caller));
    }

    public async ValueTask<Outcome> RenameAsync(ulong oldParent, string oldName, ulong newParent, string newName, RenameFlags flags, Caller caller)
    {
        using NativeBuffer from = new(oldName);
        using NativeBuffer to = new(newName);
        return Outcome.Of(await Volume.RenameAsync(oldParent, from.Slice, newParent, to.Slice, flags, caller));
    }

    public async ValueTask<Outcome> LookupAsync(ulong parent, string name)
    {
        using NativeBuffer text = new(name);
        return Outcome.Of(await Volume.LookupAsync(parent, text.Slice));
    }

    public async ValueTask<Outcome> SetXattrAsync(ulong inode, string name, byte[] value, int flags, Caller caller)
    {
        using NativeBuffer text = new(name);
        using NativeBuffer data = new(value);
        return Outcome.Of(await Volume.SetXattrAsync(inode, text.Slice, data.Slice, flags, caller));
    }

    public async ValueTask<Outcome> RemoveXattrAsync(ulong inode, string name, Caller caller)
    {
        using NativeBuffer text = new(name);
        return Outcome.Of(await Volume.RemoveXattrAsync(inode, text.Slice, caller));
    }

    public async ValueTask<Outcome> WriteAsync(ulong inode, long offsetBytes, byte[] data, WriteOptions options, Caller caller)
    {
        using NativeBuffer source = new(data);
        return Outcome.Of(await Volume.WriteAsync(inode, offsetBytes, source.Slice, options, caller));
    }

    public async ValueTask<Outcome> ReadAsync(ulong inode, long offsetBytes, int lengthBytes)
    {
        using NativeBuffer destination = new(lengthBytes);
        Outcome outcome = Outcome.Of(await Volume.ReadAsync(inode, offsetBytes, destination.Slice));
        return outcome.Errno != 0 ? outcome : outcome with { Data = destination.Slice.Span[..(int)outcome.Count].ToArray() };
    }

    public async ValueTask<string> ReadLinkAsync(ulong inode)
    {
        using NativeBuffer destination = new(4096);
        int length = Check(await Volume.ReadLinkAsync(inode, destination.Slice), inode, "readlink");
        return Encoding.UTF8.GetString(destination.Slice.Span[..length]);
    }

    public async ValueTask<List<string>> ListXattrAsync(ulong inode)
    {
        using NativeBuffer destination = new(Limits.MaxXattrListBytes);
        int length = Check(await Volume.ListXattrAsync(inode, destination.Slice), inode, "listxattr");
        string names = Encoding.UTF8.GetString(destination.Slice.Span[..length]);
        return [.. names.Split('\0', StringSplitOptions.RemoveEmptyEntries)];
    }

    public async ValueTask<byte[]> GetXattrAsync(ulong inode, string name)
    {
        using NativeBuffer text = new(name);
        using NativeBuffer destination = new(Limits.MaxXattrValueBytes);
        int length = Check(await Volume.GetXattrAsync(inode, text.Slice, destination.Slice), inode, "getxattr");
        return destination.Slice.Span[..length].ToArray();
    }

    private static int Check(int result, ulong inode, string what)
        => result >= 0 ? result : throw new WalkException(-result, $"{what} of inode {inode} failed with errno {-result}");
}

/// <summary>A volume that cannot be read as a filesystem; tests that expect it look at the errno.</summary>
public sealed class WalkException(int errno, string message) : Exception(message)
{
    public int Errno { get; } = errno;
    public bool IsIoError => Errno == Journal.Errno.EIO;
}
