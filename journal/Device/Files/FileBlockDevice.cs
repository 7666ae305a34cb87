namespace Txlfs.Journal.Device.Files;

/// <summary>A block device or an image file, locked for as long as it is open.</summary>
public sealed class FileBlockDevice : IBlockDevice
{
    private const int EngineThreads = 4;

    private readonly DeviceFile _file;
    private readonly IIoEngine _engine;
    private readonly IoRequestPool _requests;
    private readonly IoLedger _ledger;
    private readonly Lock _discardLock = new();
    private ThreadEngine? _discards;
    private bool _isDiscardUnsupported;
    private bool _isDisposed;

    private FileBlockDevice(DeviceFile file, FileDeviceOptions options)
    {
        _file = file;
        _requests = new IoRequestPool(2 * options.QueueDepth);
        _ledger = new IoLedger(file.AlignmentBytes, canWriteThrough: file.IsBlockDevice);
        IsReadOnly = options.IsReadOnly;
        _engine = CreateEngine(file, options, out string fallbackReason);
        Description = $"{_engine.Name}, {(file.IsDirect ? "direct" : "buffered")}{(fallbackReason == "" ? "" : $" ({fallbackReason})")}";
    }

    public string Name => _file.Path;
    public long LengthBytes => _file.LengthBytes;
    public int AlignmentBytes => _file.AlignmentBytes;
    public bool IsReadOnly { get; }
    public DeviceCounters Counters { get; } = new();

    /// <summary>Which engine does the work, past the page cache or not, and why not the better one: for the log.</summary>
    public string Description { get; }

    /// <exception cref="DeviceException">It is not there, not permitted, in use, or not a device.</exception>
    public static FileBlockDevice Open(string path, FileDeviceOptions? options = null)
    {
        options ??= new FileDeviceOptions();
        DeviceFile file = DeviceFile.Open(path, options.IsReadOnly, options.TryDirect, options.IsLocked || !options.IsReadOnly);
        try
        {
            return new FileBlockDevice(file, options);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="DeviceFile.CreateImage"/>
    /// <exception cref="DeviceException">It cannot be created, or is in use.</exception>
    public static void CreateImage(string path, long lengthBytes) => DeviceFile.CreateImage(path, lengthBytes);

    /// <summary>
    /// The device may have become longer (a partition, a logical volume), and an image is made longer when it is shorter than this. Beside whatever is in flight:
    /// nothing that was in range falls out of it.
    /// </summary>
    /// <exception cref="DeviceException">The image cannot be made longer.</exception>
    public void GrowTo(long lengthBytes) => _file.GrowTo(lengthBytes);

    public ValueTask<int> ReadAsync(long offsetBytes, NativeSlice destination)
    {
        int refusal = IsClosed ? -Errno.ENODEV : DeviceRange.Check(this, offsetBytes, destination);
        if (refusal != 0)
            return ValueTask.FromResult(refusal);
        Counters.CountRead(destination.LengthBytes);
        IoRequest request = _requests.Rent();
        request.BeginRead(_ledger, offsetBytes, destination);
        return StartNear(request);
    }

    public ValueTask<int> WriteAsync(long offsetBytes, NativeSlice source, WriteFlags flags = WriteFlags.None)
    {
        int refusal = IsClosed ? -Errno.ENODEV : IsReadOnly ? -Errno.EROFS : DeviceRange.Check(this, offsetBytes, source);
        if (refusal != 0)
            return ValueTask.FromResult(refusal);
        Counters.CountWrite(source.LengthBytes, flags);
        IoRequest request = _requests.Rent();
        request.BeginWrite(_ledger, offsetBytes, source, (flags & WriteFlags.Durable) != 0);
        return (flags & WriteFlags.Background) != 0 ? Start(_engine, request) : StartNear(request);
    }

    public ValueTask<int> FlushAsync()
    {
        if (IsClosed)
            return ValueTask.FromResult(-Errno.ENODEV);
        Counters.CountFlush();
        IoRequest request = _requests.Rent();
        request.BeginFlush(_ledger);
        return StartNear(request);
    }

    public ValueTask<int> DiscardAsync(long offsetBytes, long lengthBytes)
    {
        int refusal = IsClosed ? -Errno.ENODEV : IsReadOnly ? -Errno.EROFS : DeviceRange.Check(this, offsetBytes, lengthBytes);
        if (refusal == 0 && Volatile.Read(ref _isDiscardUnsupported))
            refusal = -Errno.EOPNOTSUPP;
        return refusal != 0 ? ValueTask.FromResult(refusal) : DiscardCheckedAsync(offsetBytes, lengthBytes);
    }

    /// <summary>Operations in flight are completed first.</summary>
    public void Dispose()
    {
        lock (_discardLock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }
        _engine.Dispose();
        _discards?.Dispose();
        _file.Dispose();
    }

    private bool IsClosed => Volatile.Read(ref _isDisposed);

    private async ValueTask<int> DiscardCheckedAsync(long offsetBytes, long lengthBytes)
    {
        Counters.CountDiscard(lengthBytes);
        IoRequest request = _requests.Rent();
        request.BeginDiscard(_ledger, offsetBytes, lengthBytes);
        int result = await Start(DiscardEngine(), request).ConfigureAwait(false);
        if (result == -Errno.EOPNOTSUPP)
            Volatile.Write(ref _isDiscardUnsupported, true);
        return result;
    }

    /// <summary>Discards block in the kernel whatever way they are issued, so they have one thread of their own, from the first one on.</summary>
    private ThreadEngine DiscardEngine()
    {
        lock (_discardLock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _discards ??= new ThreadEngine(_file.Descriptor, _file.IsBlockDevice, threadCount: 1);
        }
    }

    /// <summary>On the ring of the running thread when it has one, else on the engine's.</summary>
    private ValueTask<int> StartNear(IoRequest request)
    {
        ValueTask<int> task = request.Task;
        if (IoLane.Current is not { } lane || _engine is not UringEngine engine || !request.TryStart(lane, engine))
            _engine.Submit(request);
        return task;
    }

    private static ValueTask<int> Start(IIoEngine engine, IoRequest request)
    {
        // The task first: once it is submitted the request may complete at any moment.
        ValueTask<int> task = request.Task;
        engine.Submit(request);
        return task;
    }

    private static IIoEngine CreateEngine(DeviceFile file, FileDeviceOptions options, out string fallbackReason)
    {
        fallbackReason = "";
        if (options.Engine != IoEngineKind.Threads)
        {
            UringEngine? uring = UringEngine.TryCreate(file.Descriptor, options.QueueDepth, out fallbackReason);
            if (uring is not null)
                return uring;
            if (options.Engine == IoEngineKind.Uring)
                throw new DeviceException($"{file.Path}: io_uring was asked for and cannot be used: {fallbackReason}", Errno.ENOSYS);
        }
        return new ThreadEngine(file.Descriptor, file.IsBlockDevice, EngineThreads);
    }
}
