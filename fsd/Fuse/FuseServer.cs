using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Dev;
using Txlfs.Fsd.Fuse.Interop;
using Txlfs.Fsd.Fuse.Mount;
using Txlfs.Fsd.Fuse.Uring;

namespace Txlfs.Fsd.Fuse;

/// <summary>One mounted filesystem: the mount, its transport, and what the two agreed on with the kernel.</summary>
public sealed class FuseServer : IDisposable
{
    /// <summary>Over io_uring only FORGET and INTERRUPT still come by /dev/fuse.</summary>
    private const int ControlWorkers = 1, ControlRequestLimit = 4;

    private readonly FuseServerOptions _options;
    private readonly int _fuseFd;
    private readonly List<IFuseTransport> _transports;

    private FuseServer(FuseServerOptions options, int fuseFd, FuseSession session, List<IFuseTransport> transports, string description)
    {
        _options = options;
        _fuseFd = fuseFd;
        _transports = transports;
        Session = session;
        TransportDescription = description;
        Notifier = new FuseNotifier(fuseFd);
        Finished = Task.WhenAll(transports.Select(transport => transport.Finished));
    }

    public FuseSession Session { get; }

    /// <summary>Which transport was taken, and if that is not io_uring, why not and how to get it.</summary>
    public string TransportDescription { get; }

    public FuseNotifier Notifier { get; }

    /// <summary>The most native memory that requests can take.</summary>
    public long MemoryBoundBytes => _transports.Sum(transport => transport.MemoryBoundBytes);

    /// <summary>When it has been unmounted, by us or by others, and the filesystem has answered everything.</summary>
    public Task Finished { get; }

    /// <summary>Mounts; when this returns, the filesystem is being served.</summary>
    /// <exception cref="FuseException">With the reason; nothing is mounted then.</exception>
    public static FuseServer Start(FuseServerOptions options, IFuseFilesystem filesystem)
    {
        string? uringObstacle = options.Transport == FuseTransportKind.Dev ? "the options ask for /dev/fuse" : UringAvailability.Obstacle();
        if (uringObstacle is not null && options.Transport == FuseTransportKind.Uring)
            throw new FuseException($"FUSE over io_uring is not to be had: {uringObstacle}.", Journal.Errno.EOPNOTSUPP);
        if (uringObstacle is not null)
            options = options with { Transport = FuseTransportKind.Dev };

        int fuseFd = FuseMount.Open(options);
        try
        {
            FuseSession session = FuseNegotiation.Negotiate(fuseFd, options);
            return Serve(options, filesystem, fuseFd, session, uringObstacle);
        }
        catch
        {
            _ = FuseMount.Close(options.MountPoint, FuseStop.Lazy);
            _ = LibC.Close(fuseFd);
            throw;
        }
    }

    /// <summary>Unmounts; <see cref="Finished"/> follows. 0 or an errno.</summary>
    public int Stop(FuseStop how) => Finished.IsCompleted ? 0 : FuseMount.Close(_options.MountPoint, how);

    /// <summary>Waits until it has been unmounted.</summary>
    public void Join() => Finished.GetAwaiter().GetResult();

    /// <summary>Unmounts if that has not been done, waits, and gives everything back.</summary>
    public void Dispose()
    {
        if (!Finished.IsCompleted && Stop(FuseStop.IfUnused) != 0)
            _ = Stop(FuseStop.Abort);
        Join();
        foreach (IFuseTransport transport in _transports)
            transport.Dispose();
        _ = LibC.Close(_fuseFd);
    }

    private static FuseServer Serve(FuseServerOptions options, IFuseFilesystem filesystem, int fuseFd, FuseSession session, string? uringObstacle)
    {
        var negotiated = (FuseInitFlags)session.Flags;
        var dispatcher = new RequestDispatcher(filesystem, options.Warn);
        int bodyBytes = Math.Max(8192, session.MaxWriteBytes);
        UringTransport? uring = null;
        if ((negotiated & FuseInitFlags.OverIoUring) != 0)
        {
            uring = UringTransport.TryRegister(fuseFd, options.UringQueueDepth, bodyBytes, negotiated, dispatcher, options.Warn, out int errno);
            if (uring is null)
                uringObstacle = $"the kernel refused the queues (errno {errno})";
        }
        else
        {
            uringObstacle ??= "the kernel did not offer it in INIT";
        }
        if (uring is null && options.Transport == FuseTransportKind.Uring)
            throw new FuseException($"FUSE over io_uring is not to be had: {uringObstacle}.", Journal.Errno.EOPNOTSUPP);

        session = session with { Transport = uring is null ? "dev" : "uring" };
        try
        {
            filesystem.Start(session);
        }
        finally
        {
            uring?.Begin();
        }
        int workers = uring is not null ? ControlWorkers : options.WorkerCount > 0 ? options.WorkerCount : Environment.ProcessorCount;
        int limit = uring is not null ? ControlRequestLimit : options.DevRequestLimit;
        var dev = new DevFuseTransport(fuseFd, workers, limit, bodyBytes, negotiated, dispatcher, options.Warn);
        List<IFuseTransport> transports = uring is null ? [dev] : [uring, dev];
        string description = uring is null
            ? $"/dev/fuse with {workers} workers, because {uringObstacle}"
            : $"io_uring, {options.UringQueueDepth} requests a core";
        return new FuseServer(options, fuseFd, session, transports, description);
    }
}
