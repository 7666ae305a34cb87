using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

public sealed partial class VolumeFilesystem
{
    private void SetXattr(FuseRequest request)
    {
        // Two layouts share their first two fields; which one came decides the length that the transport has cut off, not what is read here.
        NativeSlice arguments = request.Arguments;
        if (arguments.LengthBytes < FuseSetXAttrIn.CompatSizeBytes)
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        int sizeBytes = BitConverter.ToInt32(arguments.Span);
        int flags = BitConverter.ToInt32(arguments.Span[sizeof(int)..]);
        NativeSlice rest = request.Payload;
        int errno = TakeXattrName(ref rest, out NativeSlice name);
        if (errno == 0)
        {
            errno = sizeBytes < 0 || sizeBytes > rest.LengthBytes ? Errno.EINVAL : sizeBytes > Limits.MaxXattrValueBytes ? Errno.E2BIG : 0;
        }
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        FinishStatus(request, _volume.SetXattrAsync(request.NodeId, name, rest.Slice(0, sizeBytes), flags, CallerOf(request)));
    }

    private void GetXattr(FuseRequest request)
    {
        NativeSlice rest = request.Payload;
        int errno = Requests.TryArguments(request, out FuseGetXAttrIn arguments) ? TakeXattrName(ref rest, out NativeSlice name) : Fault(out name);
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        if (arguments.SizeBytes == 0)
        {
            FinishLength(request, _volume.GetXattrAsync(request.NodeId, name, default));
            return;
        }

        // The value may be written where the name is read from (one memory for both over io_uring): the name moves out of the way.
        NameCopy copy = _names.Rent(name);
        request.State = copy;
        FinishBody(request, _volume.GetXattrAsync(request.NodeId, copy.Name, ReplyPart(request, arguments.SizeBytes)));
    }

    private void ListXattr(FuseRequest request)
    {
        if (!Requests.TryArguments(request, out FuseGetXAttrIn arguments))
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        if (arguments.SizeBytes == 0)
        {
            FinishLength(request, _volume.ListXattrAsync(request.NodeId, default));
            return;
        }
        FinishBody(request, _volume.ListXattrAsync(request.NodeId, ReplyPart(request, arguments.SizeBytes)));
    }

    private void RemoveXattr(FuseRequest request)
    {
        NativeSlice rest = request.Payload;
        int errno = TakeXattrName(ref rest, out NativeSlice name);
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        FinishStatus(request, _volume.RemoveXattrAsync(request.NodeId, name, CallerOf(request)));
    }

    private static NativeSlice ReplyPart(FuseRequest request, uint sizeBytes)
        => request.ReplyMemory.Slice(0, (int)Math.Min(sizeBytes, (uint)request.ReplyMemory.LengthBytes));

    private static int TakeXattrName(ref NativeSlice rest, out NativeSlice name)
    {
        int errno = Requests.TakeString(ref rest, out name);
        return errno != 0 ? errno : name.IsEmpty || name.LengthBytes > Limits.MaxNameBytes ? Errno.ERANGE : 0;
    }

    /// <summary>The reply of a question for a length.</summary>
    private void FinishLength(FuseRequest request, ValueTask<int> task) => Finish(request, task, static (_, request, result) =>
    {
        if (result < 0)
        {
            Complete(request, -result);
            return;
        }
        Complete(request, 0, Replies.Put(request, new FuseGetXAttrOut { SizeBytes = (uint)result }));
    });
}
