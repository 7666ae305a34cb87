using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Namespace;

/// <summary>Extended attributes, of any namespace: who may touch which is the kernel's to check.</summary>
internal sealed class Xattrs(NamespaceRoom room)
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> SetAsync(ulong inode, NativeSlice name, NativeSlice value, int flags, Caller caller)
    {
        int errno = CheckName(name);
        errno = errno != 0 ? errno
            : (flags & ~(int)(XattrFlags.Create | XattrFlags.Replace | XattrFlags.KillSetGid)) != 0 ? Errno.EINVAL
            : value.LengthBytes > Limits.MaxXattrValueBytes ? Errno.E2BIG
            : AclRules.Check(name.Span, value.Span);
        if (errno != 0)
        {
            return -errno;
        }
        OpResult<int> result = await room.Engine.CommitAsync<SetXattrBody, int>(new SetXattrBody(room, inode, name, value, (XattrFlags)flags), caller, CommitKind.SetXattr);
        return -result.Errno;
    }

    /// <summary>The value's length, or -errno.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> GetAsync(ulong inode, NativeSlice name, NativeSlice destination)
    {
        int errno = CheckName(name);
        if (errno != 0)
        {
            return -errno;
        }
        OpResult<int> result = await SettledReads.ReadAsync<GetXattrBody, int>(room, new GetXattrBody(room, inode, name, destination));
        return result.IsOk ? result.Value : -result.Errno;
    }

    /// <summary>The list's length, or -errno.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ListAsync(ulong inode, NativeSlice destination)
    {
        OpResult<int> result = await SettledReads.ReadAsync<ListXattrBody, int>(room, new ListXattrBody(room, inode, destination));
        return result.IsOk ? result.Value : -result.Errno;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> RemoveAsync(ulong inode, NativeSlice name, Caller caller)
    {
        int errno = CheckName(name);
        if (errno != 0)
        {
            return -errno;
        }
        OpResult<int> result = await room.Engine.CommitAsync<RemoveXattrBody, int>(new RemoveXattrBody(room, inode, name), caller, CommitKind.RemoveXattr);
        return -result.Errno;
    }

    private static int CheckName(NativeSlice name)
        => name.IsEmpty || name.LengthBytes > Limits.MaxNameBytes ? Errno.ERANGE : name.Span.Contains((byte)0) ? Errno.EINVAL : 0;
}
