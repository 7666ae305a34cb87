using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

public sealed partial class VolumeFilesystem
{
    private void GetAttributes(FuseRequest request) => FinishAttributes(request, _volume.GetAttributesAsync(request.NodeId));

    private void ExtendedStat(FuseRequest request) => Finish(request, _volume.GetAttributesAsync(request.NodeId), static (self, request, result) =>
    {
        if (!result.IsOk)
        {
            Complete(request, result.Errno);
            return;
        }
        Complete(request, 0, Replies.Put(request, Replies.ExtendedStat(self._accessTimes.Overlay(result.Value))));
    });

    private void SetAttributes(FuseRequest request)
    {
        if (!Requests.TryArguments(request, out FuseSetAttrIn arguments))
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        AttributeChange change = ChangeOf(arguments);
        if ((change.Fields & (AttributeFields.Atime | AttributeFields.AtimeNow)) != 0)
        {
            _accessTimes.Forget(request.NodeId);
        }
        if ((arguments.Valid & FuseSetAttrValid.Size) == 0)
        {
            ValueTask<OpResult<InodeAttributes>> task = _volume.SetAttributesAsync(request.NodeId, change, CallerOf(request));
            Finish(request, task, IsTimesWrittenBack(arguments.Valid) ? s_replyTimesWrittenBack : s_replyAttributes);
            return;
        }
        if (arguments.SizeBytes > long.MaxValue)
        {
            request.Complete(Errno.EFBIG, 0);
            return;
        }
        FinishAttributes(request, _volume.SetSizeAsync(request.NodeId, (long)arguments.SizeBytes, change, CallerOf(request)));
    }

    /// <summary>The form in which the write-back cache hands over the times of a file it has written to.</summary>
    private static bool IsTimesWrittenBack(FuseSetAttrValid valid) => (valid & ~FuseSetAttrValid.Fh) == (FuseSetAttrValid.MTime | FuseSetAttrValid.CTime);

    /// <summary>
    /// They may come after the last close, and then after the file was removed: nobody can see them any more, so dropping them is success.
    /// An error would come back to whoever calls syncfs(2) next.
    /// </summary>
    private static readonly Action<VolumeFilesystem, FuseRequest, OpResult<InodeAttributes>> s_replyTimesWrittenBack = static (self, request, result) =>
        self.ReplyAttributes(request, result.Errno == Errno.ENOENT ? new InodeAttributes { Inode = request.NodeId } : result);

    /// <summary>All but the size, which goes to the data path.</summary>
    internal static AttributeChange ChangeOf(in FuseSetAttrIn arguments)
    {
        AttributeFields fields = AttributeFields.None;
        FuseSetAttrValid valid = arguments.Valid;
        Add(FuseSetAttrValid.Mode, AttributeFields.Mode);
        Add(FuseSetAttrValid.Uid, AttributeFields.Uid);
        Add(FuseSetAttrValid.Gid, AttributeFields.Gid);
        Add(FuseSetAttrValid.CTime, AttributeFields.Ctime);
        Add(FuseSetAttrValid.KillSuidGid, AttributeFields.KillPrivileges);

        // "Now" comes together with a time that the kernel has filled in; the volume's clock decides, so that times order as commits do.
        if ((valid & FuseSetAttrValid.ATimeNow) != 0)
        {
            fields |= AttributeFields.AtimeNow;
        }
        else
        {
            Add(FuseSetAttrValid.ATime, AttributeFields.Atime);
        }
        if ((valid & FuseSetAttrValid.MTimeNow) != 0)
        {
            fields |= AttributeFields.MtimeNow;
        }
        else
        {
            Add(FuseSetAttrValid.MTime, AttributeFields.Mtime);
        }
        return new AttributeChange
        {
            Fields = fields,
            Mode = arguments.Mode,
            Uid = arguments.Uid,
            Gid = arguments.Gid,
            SizeBytes = (long)arguments.SizeBytes,
            Atime = new Timestamp(arguments.ATimeS, arguments.ATimeNs),
            Mtime = new Timestamp(arguments.MTimeS, arguments.MTimeNs),
            Ctime = new Timestamp(arguments.CTimeS, arguments.CTimeNs),
        };

        void Add(FuseSetAttrValid asked, AttributeFields field) => fields |= (valid & asked) != 0 ? field : AttributeFields.None;
    }

    private void Statistics(FuseRequest request)
    {
        VolumeStatistics statistics = _volume.Statistics();
        FuseStatFsOut reply = new()
        {
            Blocks = (ulong)statistics.TotalBytes / Limits.BlockBytes,
            BlocksFree = (ulong)statistics.FreeBytes / Limits.BlockBytes,
            BlocksAvailable = (ulong)statistics.AvailableBytes / Limits.BlockBytes,
            Files = statistics.Inodes + statistics.FreeInodes,
            FilesFree = statistics.FreeInodes,
            BlockSizeBytes = Limits.BlockBytes,
            NameMaxBytes = Limits.MaxNameBytes,
            FragmentSizeBytes = Limits.BlockBytes,
        };
        request.Complete(0, Replies.Put(request, reply));
    }
}
