using System.Collections.Concurrent;
using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Interop;

namespace Txlfs.TransportBench;

/// <summary>
/// Completes FSYNC on a thread of its own that sleeps in an io_uring, as the completions of a block device do: it shows what an answer from
/// another thread costs.
/// </summary>
internal sealed class FSyncReaper
{
    private readonly ConcurrentQueue<FuseRequest> _requests = new();
    private readonly ManualResetEventSlim _isReady = new(false);
    private IoUring? _ring;

    public FSyncReaper()
    {
        new Thread(Run) { IsBackground = true, Name = "reaper" }.Start();
        _isReady.Wait();
    }

    /// <summary>Bounded by the transport, which has so many requests and no more.</summary>
    public void Add(FuseRequest request)
    {
        _requests.Enqueue(request);
        _ = _ring!.Wake(0);
    }

    private void Run()
    {
        _ring = IoUring.TryCreate(128, out int errno) ?? throw new InvalidOperationException($"No io_uring (errno {errno}).");
        _isReady.Set();
        while (_ring.Wait(0) == 0)
        {
            while (_ring.TryTakeCompletion(out _))
            {
                if (_requests.TryDequeue(out FuseRequest? request))
                    request.Complete(0, 0);
            }
        }
    }
}
