using System.Runtime.CompilerServices;
using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

public sealed partial class VolumeFilesystem
{
    private void Read(FuseRequest request)
    {
        if (!Requests.TryArguments(request, out FuseReadIn arguments) || arguments.OffsetBytes > long.MaxValue)
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        NativeSlice memory = request.ReplyMemory;
        int lengthBytes = (int)Math.Min(arguments.SizeBytes, (uint)memory.LengthBytes);
        if ((arguments.Fh & FileHandle.CountsEveryRead) != 0)
        {
            _accessTimes.Touch(request.NodeId);
        }
        FinishBody(request, _volume.ReadAsync(request.NodeId, (long)arguments.OffsetBytes, memory.Slice(0, lengthBytes)));
    }

    private void Write(FuseRequest request)
    {
        if (!Requests.TryArguments(request, out FuseWriteIn arguments)
            || arguments.OffsetBytes > long.MaxValue
            || arguments.SizeBytes > (uint)request.Payload.LengthBytes)
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        WriteOptions options = WriteOptions.None;
        if ((arguments.WriteFlags & FuseWriteFlags.KillSuidGid) != 0)
        {
            options |= WriteOptions.KillPrivileges;
        }
        bool isFromCache = (arguments.WriteFlags & FuseWriteFlags.Cache) != 0;
        if (isFromCache)
        {
            options |= WriteOptions.FromCache;
        }
        NativeSlice data = request.Payload.Slice(0, (int)arguments.SizeBytes);
        ValueTask<int> task = _volume.WriteAsync(request.NodeId, (long)arguments.OffsetBytes, data, options, CallerOf(request));

        // O_SYNC and O_DSYNC: after a write through its cache the kernel sends an FSYNC of its own; for a file that bypasses the cache it does not.
        if (!isFromCache && (arguments.Fh & FileHandle.BypassesCache) != 0 && (arguments.Flags & OpenFlags.DataSync) != 0)
        {
            task = ThenSyncAsync(task);
        }
        Finish(request, task, isFromCache ? s_replyWrittenBack : s_replyWritten);
    }

    private static readonly Action<VolumeFilesystem, FuseRequest, int> s_replyWritten = static (_, request, result) =>
    {
        if (result < 0)
        {
            Complete(request, -result);
            return;
        }
        Complete(request, 0, Replies.Put(request, new FuseWriteOut { SizeBytes = (uint)result }));
    };

    /// <summary>
    /// Write-back of a file that was removed while it was under way: nobody can read it any more (an open file would still be there), so
    /// dropping it is success. An error would come back to whoever calls syncfs(2) next.
    /// </summary>
    private static readonly Action<VolumeFilesystem, FuseRequest, int> s_replyWrittenBack = static (self, request, result) =>
    {
        if (result == -Errno.ENOENT && Requests.TryArguments(request, out FuseWriteIn arguments))
        {
            result = (int)arguments.SizeBytes;
        }
        s_replyWritten(self, request, result);
    };

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ThenSyncAsync(ValueTask<int> write)
    {
        int written = await write.ConfigureAwait(false);
        if (written < 0)
        {
            return written;
        }
        int synced = await _volume.SyncAsync().ConfigureAwait(false);
        return synced < 0 ? synced : written;
    }

    private void Sync(FuseRequest request) => FinishStatus(request, _volume.SyncAsync());
}
