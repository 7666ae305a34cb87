using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

/// <summary>
/// Every FUSE request turned into one call of the volume, and the answer turned into one reply. Stateless between requests: the node id
/// is the inode number, so lookup counts mean nothing here. A call that completes at once is answered on the transport's thread; any
/// other from the volume's completion, through a pooled <see cref="Continuation{T}"/>. Nothing here allocates in steady state.
/// </summary>
public sealed partial class VolumeFilesystem : IFuseFilesystem
{
    private readonly Volume _volume;
    private readonly ILogSink _log;
    private readonly AccessTimes _accessTimes;
    private readonly NamePool _names = new();
    private readonly DirectorySinkPool _sinks = new();
    private readonly NearlyFull _nearlyFull;
    private readonly Lock _closing = new();
    private Task<int>? _closed;
    private FuseInitFlags _negotiated;

    public VolumeFilesystem(Volume volume, AtimePolicy atime, bool isReadOnly, Seams seams)
    {
        _volume = volume;
        _log = seams.Log;
        _accessTimes = new AccessTimes(volume, isReadOnly ? AtimePolicy.Never : atime, seams);
        _nearlyFull = new NearlyFull(volume);
    }

    public void Start(in FuseSession session) => _negotiated = (FuseInitFlags)session.Flags;

    public void Forget(ulong nodeId, ulong count)
    {
    }

    /// <summary>
    /// Writes out what is only remembered (access times) and closes the volume; 0 or a negative errno. Once, however often it is asked for:
    /// by DESTROY, which the kernel sends and waits for when it unmounts a block device, and by the daemon after every unmount.
    /// </summary>
    public Task<int> CloseAsync()
    {
        lock (_closing)
        {
            return _closed ??= CloseOnceAsync();
        }
    }

    private async Task<int> CloseOnceAsync()
    {
        await _accessTimes.StopAsync().ConfigureAwait(false);
        return await _volume.CloseAsync().ConfigureAwait(false);
    }

    public void Handle(FuseRequest request)
    {
        try
        {
            Dispatch(request);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            Fail(request, fault);
        }
    }

    /// <summary>A defect of ours: the caller gets EIO, the log the whole story. Operations complete their request last, so it is still open here.</summary>
    internal void Fail(FuseRequest request, Exception fault)
    {
        _log.Write(LogSeverity.Error, $"request {(FuseOpcode)request.Opcode} on inode {request.NodeId} failed: {fault}");
        ReleaseState(request);
        request.Complete(Errno.EIO, 0);
    }

    private void Dispatch(FuseRequest request)
    {
        switch ((FuseOpcode)request.Opcode)
        {
            case FuseOpcode.Read: Read(request); break;
            case FuseOpcode.Write: Write(request); break;
            case FuseOpcode.Lookup: Lookup(request); break;
            case FuseOpcode.GetAttr: GetAttributes(request); break;
            case FuseOpcode.SetAttr: SetAttributes(request); break;
            case FuseOpcode.StatX: ExtendedStat(request); break;
            case FuseOpcode.Open: Open(request); break;
            case FuseOpcode.Create: Create(request); break;
            case FuseOpcode.TmpFile: CreateTemporary(request); break;
            case FuseOpcode.Release: Release(request); break;
            case FuseOpcode.ReadDir: ReadDirectory(request, isPlus: false); break;
            case FuseOpcode.ReadDirPlus: ReadDirectory(request, isPlus: true); break;
            case FuseOpcode.ReadLink: ReadLink(request); break;
            case FuseOpcode.SymLink: Symlink(request); break;
            case FuseOpcode.MkNod: MakeNode(request); break;
            case FuseOpcode.MkDir: MakeDirectory(request); break;
            case FuseOpcode.Unlink: Unlink(request); break;
            case FuseOpcode.RmDir: RemoveDirectory(request); break;
            case FuseOpcode.Rename: Rename(request); break;
            case FuseOpcode.Rename2: RenameWithFlags(request); break;
            case FuseOpcode.Link: Link(request); break;
            default: DispatchRare(request); break;
        }
    }

    private void DispatchRare(FuseRequest request)
    {
        switch ((FuseOpcode)request.Opcode)
        {
            case FuseOpcode.FSync:
            case FuseOpcode.FSyncDir:
            case FuseOpcode.SyncFs: Sync(request); break;
            case FuseOpcode.StatFs: Statistics(request); break;
            case FuseOpcode.SetXAttr: SetXattr(request); break;
            case FuseOpcode.GetXAttr: GetXattr(request); break;
            case FuseOpcode.ListXAttr: ListXattr(request); break;
            case FuseOpcode.RemoveXAttr: RemoveXattr(request); break;
            case FuseOpcode.LSeek: Seek(request); break;
            case FuseOpcode.FAllocate: Fallocate(request); break;
            case FuseOpcode.CopyFileRange: CopyRange(request, is64: false); break;
            case FuseOpcode.CopyFileRange64: CopyRange(request, is64: true); break;
            case FuseOpcode.OpenDir: OpenDirectory(request); break;
            case FuseOpcode.ReleaseDir: request.Complete(0, 0); break;
            case FuseOpcode.Destroy: FinishStatus(request, new ValueTask<int>(CloseAsync())); break;
            case FuseOpcode.IoCtl: request.Complete(Errno.ENOTTY, 0); break;

            // FLUSH: close(2) has handed over what the page cache held before it asks, and there is nothing for us to do. ENOSYS is
            // success to the kernel, which then saves itself the question. ACCESS: the kernel checks (default_permissions). POLL, BMAP
            // and locks: the kernel's own answers are the right ones.
            default: request.Complete(Errno.ENOSYS, 0); break;
        }
    }

    private static Caller CallerOf(FuseRequest request) => new(request.Uid, request.Gid, request.Pid);

    /// <summary>Runs the reply now if the result is there, otherwise when it comes. The delegate must be a static lambda: those are made once.</summary>
    private void Finish<T>(FuseRequest request, ValueTask<T> task, Action<VolumeFilesystem, FuseRequest, T> reply)
    {
        if (task.IsCompleted)
        {
            reply(this, request, task.Result);
            return;
        }
        Continuation<T>.Await(this, request, task, reply);
    }

    /// <summary>Gives back what an operation hung on its request. Before the request is completed: after that it is somebody else's.</summary>
    private static void ReleaseState(FuseRequest request)
    {
        if (request.State is IPooledState state)
        {
            request.State = null;
            state.Return();
        }
    }

    private static void Complete(FuseRequest request, int errno, int bodyBytes = 0)
    {
        ReleaseState(request);
        request.Complete(errno, errno == 0 ? bodyBytes : 0);
    }

    /// <summary>The reply of operations that have none but their result: 0 or a negative errno.</summary>
    private static readonly Action<VolumeFilesystem, FuseRequest, int> s_replyStatus = static (_, request, result) => Complete(request, result < 0 ? -result : 0);

    private void FinishStatus(FuseRequest request, ValueTask<int> task) => Finish(request, task, s_replyStatus);

    /// <summary>The reply of operations whose body the volume has written into the reply memory: its length, or a negative errno.</summary>
    private static readonly Action<VolumeFilesystem, FuseRequest, int> s_replyBody = static (_, request, result) => Complete(request, result < 0 ? -result : 0, result);

    private void FinishBody(FuseRequest request, ValueTask<int> task) => Finish(request, task, s_replyBody);

    private static readonly Action<VolumeFilesystem, FuseRequest, OpResult<InodeAttributes>> s_replyEntry = static (self, request, result) => self.ReplyEntry(request, result);

    private void FinishEntry(FuseRequest request, ValueTask<OpResult<InodeAttributes>> task) => Finish(request, task, s_replyEntry);

    private void ReplyEntry(FuseRequest request, in OpResult<InodeAttributes> result)
    {
        if (!result.IsOk)
        {
            Complete(request, result.Errno);
            return;
        }
        Complete(request, 0, Replies.Put(request, Replies.Entry(_accessTimes.Overlay(result.Value))));
    }

    private static readonly Action<VolumeFilesystem, FuseRequest, OpResult<InodeAttributes>> s_replyAttributes = static (self, request, result) => self.ReplyAttributes(request, result);

    private void ReplyAttributes(FuseRequest request, in OpResult<InodeAttributes> result)
    {
        if (!result.IsOk)
        {
            Complete(request, result.Errno);
            return;
        }
        Complete(request, 0, Replies.Put(request, Replies.Attributes(_accessTimes.Overlay(result.Value))));
    }

    private void FinishAttributes(FuseRequest request, ValueTask<OpResult<InodeAttributes>> task) => Finish(request, task, s_replyAttributes);
}

/// <summary>Something borrowed from a pool for the life of a request.</summary>
internal interface IPooledState
{
    void Return();
}
