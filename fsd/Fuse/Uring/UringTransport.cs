using Txlfs.Fsd.Fuse.Abi;

namespace Txlfs.Fsd.Fuse.Uring;

/// <summary>FUSE over io_uring: a worker for each core that is online; together they offer a queue for every core that there may ever be.</summary>
internal sealed class UringTransport : IFuseTransport
{
    private readonly UringWorker[] _workers;
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CountdownEvent _registered;
    private readonly ManualResetEventSlim _decided = new(false);
    private readonly int _payloadBytes;
    private int _running;
    private int _refusal;

    private UringTransport(int fuseFd, int depth, int payloadBytes, FuseInitFlags negotiated, RequestDispatcher dispatcher, Action<string> warn)
    {
        _payloadBytes = payloadBytes;
        IReadOnlyList<UringWorkerPlan> plans = Plan(CpuTopology.Possible(), CpuTopology.Online(), depth, payloadBytes);
        _workers = [.. plans.Select(plan => new UringWorker(plan, fuseFd, negotiated, dispatcher, warn))];
        _registered = new CountdownEvent(_workers.Length);
        _running = _workers.Length;
        dispatcher.Add(this);
    }

    public long MemoryBoundBytes => _workers.Sum(worker => worker.Plan.Queues.Sum(queue => (long)queue.Depth)) * (_payloadBytes + Environment.SystemPageSize);
    public Task Finished => _finished.Task;

    /// <summary>Offers the queues to the kernel. Null, and the errno, when it refuses; the mount then goes on over /dev/fuse.</summary>
    public static UringTransport? TryRegister(int fuseFd, int depth, int payloadBytes, FuseInitFlags negotiated, RequestDispatcher dispatcher, Action<string> warn, out int errno)
    {
        var transport = new UringTransport(fuseFd, depth, payloadBytes, negotiated, dispatcher, warn);
        errno = transport.Register();
        if (errno == 0)
            return transport;
        transport.Begin();
        transport.Finished.GetAwaiter().GetResult();
        transport.Dispose();
        return null;
    }

    /// <summary>Lets the registered queues be served.</summary>
    public void Begin() => _decided.Set();

    public bool TryInterrupt(ulong unique)
    {
        foreach (UringWorker worker in _workers)
        {
            if (worker.TryInterrupt(unique))
                return true;
        }
        return false;
    }

    public void Dispose()
    {
        foreach (UringWorker worker in _workers)
            worker.Dispose();
        _registered.Dispose();
        _decided.Dispose();
    }

    /// <summary>Queue n belongs to core n; cores that are possible but not online are shared out, with one entry each, as nothing runs there.</summary>
    internal static IReadOnlyList<UringWorkerPlan> Plan(int[] possibleCpus, int[] onlineCpus, int depth, int payloadBytes)
    {
        var queues = onlineCpus.Select(_ => new List<UringQueuePlan>()).ToArray();
        for (int queue = 0; queue < possibleCpus.Length; queue++)
        {
            int worker = Array.IndexOf(onlineCpus, possibleCpus[queue]);
            queues[worker >= 0 ? worker : queue % onlineCpus.Length].Add(new UringQueuePlan((ushort)queue, worker >= 0 ? depth : 1));
        }
        return [.. onlineCpus.Select((cpu, i) => new UringWorkerPlan(cpu, queues[i], payloadBytes))];
    }

    private int Register()
    {
        foreach (UringWorker worker in _workers)
            new Thread(() => Run(worker)) { IsBackground = true, Name = $"fuse-ring-{worker.Plan.Cpu}" }.Start();
        _registered.Wait();
        return Volatile.Read(ref _refusal);
    }

    private void Run(UringWorker worker)
    {
        try
        {
            int refusal = worker.Register();
            if (refusal != 0)
                Interlocked.CompareExchange(ref _refusal, refusal, 0);
            _registered.Signal();
            _decided.Wait();
            if (Volatile.Read(ref _refusal) == 0)
                worker.Run();
            else
                worker.CloseRing();
        }
        finally
        {
            if (Interlocked.Decrement(ref _running) == 0)
                _finished.SetResult();
        }
    }
}
