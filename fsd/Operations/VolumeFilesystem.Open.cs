using System.Runtime.CompilerServices;
using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

public sealed partial class VolumeFilesystem
{
    private void Open(FuseRequest request)
    {
        if (!Requests.TryArguments(request, out FuseOpenIn arguments))
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        ValueTask<OpResult<InodeAttributes>> task = (arguments.Flags & OpenFlags.Truncate) == 0
            ? _volume.OpenAsync(request.NodeId)
            : OpenTruncatedAsync(request.NodeId, IsPrivilegeKiller(arguments.OpenFlags), CallerOf(request));
        Finish(request, task, static (self, request, result) =>
        {
            if (!result.IsOk)
            {
                Complete(request, result.Errno);
                return;
            }
            Requests.TryArguments(request, out FuseOpenIn arguments);
            Complete(request, 0, Replies.Put(request, self.Opened(result.Value, arguments.Flags)));
        });
    }

    private static bool IsPrivilegeKiller(FuseOpenInFlags flags) => (flags & FuseOpenInFlags.KillSuidGid) != 0;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<OpResult<InodeAttributes>> OpenTruncatedAsync(ulong inode, bool killsPrivileges, Caller caller)
    {
        OpResult<InodeAttributes> opened = await _volume.OpenAsync(inode).ConfigureAwait(false);
        if (!opened.IsOk || opened.Value.SizeBytes == 0)
        {
            return opened;
        }
        AttributeChange others = new() { Fields = killsPrivileges ? AttributeFields.KillPrivileges : AttributeFields.None };
        OpResult<InodeAttributes> emptied = await _volume.SetSizeAsync(inode, 0, others, caller).ConfigureAwait(false);
        if (!emptied.IsOk)
        {
            _volume.Release(inode);
        }
        return emptied;
    }

    private FuseOpenOut Opened(in InodeAttributes attributes, uint flags)
    {
        FuseOpenOut opened = new() { OpenFlags = FuseOpenFlags.KeepCache };

        if (IsToBypassCache(flags))
        {
            opened.OpenFlags |= FuseOpenFlags.DirectIo | FuseOpenFlags.ParallelDirectWrites;
            opened.Fh |= FileHandle.BypassesCache;
        }
        if (OpenFlags.IsForReading(flags) && (flags & OpenFlags.NoAtime) == 0 && _accessTimes.Opened(attributes))
        {
            opened.Fh |= FileHandle.CountsEveryRead;
        }
        return opened;
    }

    /// <summary>
    /// FOPEN_DIRECT_IO lets several writers into one file at once, and lets ENOSPC come from write(2). But it is coherent with handles that
    /// use the cache only where the kernel has DIRECT_IO_ALLOW_MMAP. And with the write-back cache the kernel keeps file times to itself and
    /// forgets to change them on this path; so there O_DIRECT goes the ordinary way, one writer at a time, and only need bypasses the cache.
    /// </summary>
    private bool IsToBypassCache(uint flags)
    {
        if ((_negotiated & FuseInitFlags.DirectIoAllowMmap) == 0)
        {
            return false;
        }
        bool isWriter = OpenFlags.IsForWriting(flags);
        bool keepsTimes = (_negotiated & FuseInitFlags.WritebackCache) != 0;
        return ((flags & OpenFlags.Direct) != 0 && !(isWriter && keepsTimes)) || (isWriter && _nearlyFull.IsNearlyFull());
    }

    private void Create(FuseRequest request)
    {
        NativeSlice rest = request.Payload;
        if (!Requests.TryArguments(request, out FuseCreateIn arguments))
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        int errno = Requests.TakeOrdinaryName(ref rest, out NativeSlice name);
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        ValueTask<OpResult<InodeAttributes>> task = _volume.CreateAsync(
            request.NodeId, name, arguments.Mode, 0, CallerOf(request), open: true, UmaskOf(arguments.Umask));
        if (!task.IsCompletedSuccessfully)
        {
            task = CreateOrOpenAsync(task, request.NodeId, name, arguments, CallerOf(request));
        }
        else
        {
            OpResult<InodeAttributes> created = task.Result;
            task = created.Errno == Errno.EEXIST && (arguments.Flags & OpenFlags.Exclusive) == 0
                ? CreateOrOpenAsync(ValueTask.FromResult(created), request.NodeId, name, arguments, CallerOf(request))
                : ValueTask.FromResult(created);
        }
        Finish(request, task, s_replyCreated);
    }

    /// <summary>CREATE of a name that has come into being meanwhile opens it, unless it was to be new.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<OpResult<InodeAttributes>> CreateOrOpenAsync(
        ValueTask<OpResult<InodeAttributes>> create, ulong parent, NativeSlice name, FuseCreateIn arguments, Caller caller)
    {
        OpResult<InodeAttributes> created = await create.ConfigureAwait(false);
        if (created.Errno != Errno.EEXIST || (arguments.Flags & OpenFlags.Exclusive) != 0)
        {
            return created;
        }
        OpResult<InodeAttributes> found = await _volume.LookupAsync(parent, name).ConfigureAwait(false);
        if (!found.IsOk)
        {
            return found;
        }
        if (!found.Value.IsRegular)
        {
            return OpResult<InodeAttributes>.Fail(found.Value.IsDirectory ? Errno.EISDIR : Errno.EEXIST);
        }
        return (arguments.Flags & OpenFlags.Truncate) == 0
            ? await _volume.OpenAsync(found.Value.Inode).ConfigureAwait(false)
            : await OpenTruncatedAsync(found.Value.Inode, IsPrivilegeKiller(arguments.OpenFlags), caller).ConfigureAwait(false);
    }

    private void CreateTemporary(FuseRequest request)
    {
        if (!Requests.TryArguments(request, out FuseCreateIn arguments))
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        Finish(request, _volume.CreateTemporaryAsync(request.NodeId, arguments.Mode, CallerOf(request), UmaskOf(arguments.Umask)), s_replyCreated);
    }

    private static readonly Action<VolumeFilesystem, FuseRequest, OpResult<InodeAttributes>> s_replyCreated = static (self, request, result) =>
    {
        if (!result.IsOk)
        {
            Complete(request, result.Errno);
            return;
        }
        Requests.TryArguments(request, out FuseCreateIn arguments);
        FuseCreateOut created = new() { Entry = Replies.Entry(result.Value), Open = self.Opened(result.Value, arguments.Flags) };
        Complete(request, 0, Replies.Put(request, created));
    };

    /// <summary>What is still to be masked: nothing, when the kernel has done it. It leaves it to us where default ACLs take the mask's place.</summary>
    private uint UmaskOf(uint umask) => (_negotiated & FuseInitFlags.DontMask) == 0 ? 0 : umask;

    private void Release(FuseRequest request)
    {
        _volume.Release(request.NodeId);
        request.Complete(0, 0);
    }

    /// <summary>Directories need no open state: the kernel is told so once, and then keeps their entries cached by itself.</summary>
    private void OpenDirectory(FuseRequest request)
    {
        if ((_negotiated & FuseInitFlags.NoOpenDirSupport) != 0)
        {
            request.Complete(Errno.ENOSYS, 0);
            return;
        }
        FuseOpenOut opened = new() { OpenFlags = FuseOpenFlags.KeepCache | FuseOpenFlags.CacheDir };
        request.Complete(0, Replies.Put(request, opened));
    }
}
