namespace Txlfs.Journal.Device.Files;

/// <summary>A few threads of its own behind one queue, for kernels that have no io_uring, and for operations that always block (discard).</summary>
internal sealed class ThreadEngine : IIoEngine
{
    private readonly int _file;
    private readonly bool _isBlockDevice;
    private readonly object _gate = new();
    private readonly Thread[] _threads;
    private IoQueue _queue;
    private bool _isStopping;

    public ThreadEngine(int file, bool isBlockDevice, int threadCount)
    {
        _file = file;
        _isBlockDevice = isBlockDevice;
        _threads = new Thread[threadCount];
        for (int i = 0; i < threadCount; i++)
        {
            _threads[i] = new Thread(Serve) { IsBackground = true, Name = $"txlfs-io-{i}" };
            _threads[i].Start();
        }
    }

    public string Name => $"{_threads.Length} threads";

    public void Submit(IoRequest request)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isStopping, this);
            _queue.Add(request);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Lets the queue drain, and waits for the threads (but for the one that this is called on).</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isStopping = true;
            Monitor.PulseAll(_gate);
        }
        foreach (Thread thread in _threads)
            if (thread != Thread.CurrentThread)
                thread.Join();
    }

    private void Serve()
    {
        while (TakeOrWait() is { } request)
        {
            while (!request.Advance(Perform(request)))
            {
            }
            request.Complete();
        }
    }

    private IoRequest? TakeOrWait()
    {
        lock (_gate)
        {
            while (true)
            {
                IoRequest? request = _queue.Take();
                if (request is not null || _isStopping)
                    return request;
                Monitor.Wait(_gate);
            }
        }
    }

    private unsafe int Perform(IoRequest request) => request.Step switch
    {
        IoStep.Read => FileInterop.Read(_file, request.StepMemory, request.StepBytes, request.StepOffsetBytes),
        IoStep.Write => FileInterop.Write(_file, request.StepMemory, request.StepBytes, request.StepOffsetBytes),
        IoStep.WriteThrough => PerformWriteThrough(request),
        IoStep.Flush => FileInterop.FlushData(_file),
        _ => PerformDiscard(request),
    };

    /// <summary>A synchronous RWF_DSYNC on a block device would flush twice, so the flush is a call of its own.</summary>
    private unsafe int PerformWriteThrough(IoRequest request)
    {
        int result = FileInterop.Write(_file, request.StepMemory, request.StepBytes, request.StepOffsetBytes);
        if (result < 0)
            return result;
        int flushed = FileInterop.FlushData(_file);
        return flushed < 0 ? flushed : result;
    }

    private unsafe int PerformDiscard(IoRequest request)
    {
        if (!_isBlockDevice)
            return FileInterop.PunchHole(_file, request.StepOffsetBytes, request.RangeBytes);
        long* range = stackalloc long[] { request.StepOffsetBytes, request.RangeBytes };
        return FileInterop.DeviceControl(_file, FileInterop.BlockDeviceDiscard, range);
    }
}
