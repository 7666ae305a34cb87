using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

public sealed partial class VolumeFilesystem
{
    /// <summary>A longer copy is answered short; the caller goes on. So that one request never holds a transport slot for minutes.</summary>
    private const long MaxCopyBytes = 256L << 20;

    private void Fallocate(FuseRequest request)
    {
        if (!Requests.TryArguments(request, out FuseFAllocateIn arguments) || arguments.OffsetBytes > long.MaxValue || arguments.LengthBytes > long.MaxValue)
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        FinishStatus(request, _volume.FallocateAsync(
            request.NodeId, (FallocateMode)arguments.Mode, (long)arguments.OffsetBytes, (long)arguments.LengthBytes, CallerOf(request)));
    }

    private void Seek(FuseRequest request)
    {
        if (!Requests.TryArguments(request, out FuseLSeekIn arguments) || arguments.OffsetBytes > long.MaxValue)
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        Finish(request, _volume.SeekAsync(request.NodeId, (long)arguments.OffsetBytes, (int)arguments.Whence), static (_, request, result) =>
        {
            if (!result.IsOk)
            {
                Complete(request, result.Errno);
                return;
            }
            Complete(request, 0, Replies.Put(request, new FuseLSeekOut { OffsetBytes = (ulong)result.Value }));
        });
    }

    private void CopyRange(FuseRequest request, bool is64)
    {
        if (!Requests.TryArguments(request, out FuseCopyFileRangeIn arguments)
            || arguments.OffsetInBytes > long.MaxValue || arguments.OffsetOutBytes > long.MaxValue || arguments.Flags != 0)
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        long lengthBytes = (long)Math.Min(arguments.LengthBytes, (ulong)MaxCopyBytes);
        ValueTask<OpResult<long>> task = _volume.CopyRangeAsync(
            request.NodeId, (long)arguments.OffsetInBytes, arguments.NodeIdOut, (long)arguments.OffsetOutBytes, lengthBytes, CallerOf(request));
        Finish(request, task, is64 ? s_replyCopied64 : s_replyCopied);
    }

    private static readonly Action<VolumeFilesystem, FuseRequest, OpResult<long>> s_replyCopied = static (_, request, result) =>
    {
        if (!result.IsOk)
        {
            Complete(request, result.Errno);
            return;
        }
        Complete(request, 0, Replies.Put(request, new FuseWriteOut { SizeBytes = (uint)result.Value }));
    };

    private static readonly Action<VolumeFilesystem, FuseRequest, OpResult<long>> s_replyCopied64 = static (_, request, result) =>
    {
        if (!result.IsOk)
        {
            Complete(request, result.Errno);
            return;
        }
        Complete(request, 0, Replies.Put(request, new FuseCopyFileRangeOut { CopiedBytes = (ulong)result.Value }));
    };
}
