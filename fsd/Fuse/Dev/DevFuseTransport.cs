using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Interop;
using Txlfs.Journal;

namespace Txlfs.Fsd.Fuse.Dev;

/// <summary>Threads that read requests from /dev/fuse, each on a descriptor of its own, so that they do not share the kernel's queue of unanswered requests.</summary>
internal sealed unsafe class DevFuseTransport : IFuseTransport
{
    private const nuint CloneIoctl = 0x8004E500;

    private readonly RequestDispatcher _dispatcher;
    private readonly FuseInitFlags _negotiated;
    private readonly DevRequestPool _pool;
    private readonly Action<string> _warn;
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<int> _clonedFds = [];
    private int _running;

    public DevFuseTransport(int fuseFd, int workerCount, int requestLimit, int maxBodyBytes, FuseInitFlags negotiated, RequestDispatcher dispatcher, Action<string> warn)
    {
        _dispatcher = dispatcher;
        _negotiated = negotiated;
        _warn = warn;
        _pool = new DevRequestPool(Math.Max(requestLimit, workerCount), maxBodyBytes, warn);
        _dispatcher.Add(this);
        _running = workerCount;
        int[] fds = new int[workerCount];
        for (int i = 0; i < workerCount; i++)
            fds[i] = i == 0 ? fuseFd : Clone(fuseFd);
        for (int i = 0; i < workerCount; i++)
        {
            int fd = fds[i];
            new Thread(() => Run(fd)) { IsBackground = true, Name = $"fuse-dev-{i}" }.Start();
        }
    }

    public long MemoryBoundBytes => _pool.MemoryBoundBytes;
    public Task Finished => _finished.Task;

    public bool TryInterrupt(ulong unique) => _pool.TryInterrupt(unique);

    public void Dispose()
    {
        _pool.Dispose();
        foreach (int fd in _clonedFds)
            _ = LibC.Close(fd);
    }

    private int Clone(int fuseFd)
    {
        int fd = LibC.Open("/dev/fuse", LibC.OpenReadWrite | LibC.OpenCloseOnExec);
        uint source = (uint)fuseFd;
        if (fd >= 0 && LibC.IoCtl(fd, CloneIoctl, &source) == 0)
        {
            _clonedFds.Add(fd);
            return fd;
        }
        _warn($"/dev/fuse cannot be cloned (errno {LibC.LastErrno}); the workers share one descriptor.");
        if (fd >= 0)
            _ = LibC.Close(fd);
        return fuseFd;
    }

    private void Run(int fd)
    {
        DevRequest request = _pool.Rent();
        while (true)
        {
            nint length = LibC.Read(fd, request.MessageStart, (nuint)request.MessageLimitBytes);
            if (length < 0)
            {
                int errno = LibC.LastErrno;
                if (errno is Errno.EINTR or Errno.EAGAIN or Errno.ENOENT)
                    continue;
                if (errno != Errno.ENODEV)
                    _warn($"Reading /dev/fuse failed (errno {errno}); this worker ends.");
                break;
            }
            int accepted = request.Accept(fd, (int)length, _negotiated);
            if (accepted < 0)
            {
                _warn($"The kernel sent a malformed message of {length} bytes; it is ignored.");
                continue;
            }
            _dispatcher.Dispatch(request, accepted);
            if (!request.IsFreeAfterHandling())
                request = _pool.Rent();
        }
        _pool.Return(request);
        if (Interlocked.Decrement(ref _running) == 0)
        {
            _pool.WaitUntilAllReturned();
            _finished.SetResult();
        }
    }
}
