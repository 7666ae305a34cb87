using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

public sealed partial class VolumeFilesystem
{
    private void Lookup(FuseRequest request)
    {
        NativeSlice rest = request.Payload;
        int errno = Requests.TakeName(ref rest, out NativeSlice name);
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        Finish(request, _volume.LookupAsync(request.NodeId, name), static (self, request, result) =>
        {
            if (result.Errno == Errno.ENOENT)
            {
                Complete(request, 0, Replies.Put(request, Replies.AbsentEntry()));
                return;
            }
            self.ReplyEntry(request, result);
        });
    }

    private void MakeNode(FuseRequest request)
    {
        NativeSlice rest = request.Payload;
        int errno = Requests.TryArguments(request, out FuseMkNodIn arguments) ? Requests.TakeOrdinaryName(ref rest, out NativeSlice name) : Fault(out name);
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        FinishEntry(request, _volume.CreateAsync(
            request.NodeId, name, arguments.Mode, arguments.RDev, CallerOf(request), open: false, UmaskOf(arguments.Umask)));
    }

    private void MakeDirectory(FuseRequest request)
    {
        NativeSlice rest = request.Payload;
        int errno = Requests.TryArguments(request, out FuseMkDirIn arguments) ? Requests.TakeOrdinaryName(ref rest, out NativeSlice name) : Fault(out name);
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        FinishEntry(request, _volume.MakeDirectoryAsync(request.NodeId, name, arguments.Mode, CallerOf(request), UmaskOf(arguments.Umask)));
    }

    private void Symlink(FuseRequest request)
    {
        NativeSlice rest = request.Payload;
        NativeSlice target = default;
        int errno = Requests.TakeOrdinaryName(ref rest, out NativeSlice name);
        if (errno == 0)
        {
            errno = Requests.TakeString(ref rest, out target);
        }
        if (errno == 0)
        {
            errno = target.IsEmpty ? Errno.ENOENT : target.LengthBytes > Limits.MaxSymlinkBytes ? Errno.ENAMETOOLONG : 0;
        }
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        FinishEntry(request, _volume.SymlinkAsync(request.NodeId, name, target, CallerOf(request)));
    }

    private void ReadLink(FuseRequest request) => FinishBody(request, _volume.ReadLinkAsync(request.NodeId, request.ReplyMemory));

    private void Link(FuseRequest request)
    {
        NativeSlice rest = request.Payload;
        int errno = Requests.TryArguments(request, out FuseLinkIn arguments) ? Requests.TakeOrdinaryName(ref rest, out NativeSlice name) : Fault(out name);
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        FinishEntry(request, _volume.LinkAsync(arguments.OldNodeId, request.NodeId, name, CallerOf(request)));
    }

    private void Unlink(FuseRequest request)
    {
        NativeSlice rest = request.Payload;
        int errno = Requests.TakeOrdinaryName(ref rest, out NativeSlice name);
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        FinishStatus(request, _volume.UnlinkAsync(request.NodeId, name, CallerOf(request)));
    }

    private void RemoveDirectory(FuseRequest request)
    {
        NativeSlice rest = request.Payload;
        int errno = Requests.TakeOrdinaryName(ref rest, out NativeSlice name);
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        FinishStatus(request, _volume.RemoveDirectoryAsync(request.NodeId, name, CallerOf(request)));
    }

    private void Rename(FuseRequest request)
    {
        if (!Requests.TryArguments(request, out FuseRenameIn arguments))
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        Rename(request, arguments.NewParent, RenameFlags.None);
    }

    private void RenameWithFlags(FuseRequest request)
    {
        const RenameFlags Known = RenameFlags.NoReplace | RenameFlags.Exchange | RenameFlags.Whiteout;
        if (!Requests.TryArguments(request, out FuseRename2In arguments) || ((RenameFlags)arguments.Flags & ~Known) != 0)
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        Rename(request, arguments.NewParent, (RenameFlags)arguments.Flags);
    }

    private void Rename(FuseRequest request, ulong newParent, RenameFlags flags)
    {
        NativeSlice rest = request.Payload;
        NativeSlice newName = default;
        int errno = Requests.TakeOrdinaryName(ref rest, out NativeSlice oldName);
        if (errno == 0)
        {
            errno = Requests.TakeOrdinaryName(ref rest, out newName);
        }
        if (errno != 0)
        {
            request.Complete(errno, 0);
            return;
        }
        FinishStatus(request, _volume.RenameAsync(request.NodeId, oldName, newParent, newName, flags, CallerOf(request)));
    }

    private static int Fault(out NativeSlice name)
    {
        name = default;
        return Errno.EINVAL;
    }
}
