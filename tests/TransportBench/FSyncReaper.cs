using System.Collections.Concurrent;
using Txlfs.Fsd.Fuse;

namespace Txlfs.TransportBench;

/// <summary>Completes FSYNC on a thread of its own, as a block device's completions would: it shows what an answer from another thread costs.</summary>
internal sealed class FSyncReaper
{
    private readonly BlockingCollection<FuseRequest> _requests = new(boundedCapacity: 1024);

    public FSyncReaper() => new Thread(Run) { IsBackground = true, Name = "reaper" }.Start();

    public void Add(FuseRequest request) => _requests.Add(request);

    private void Run()
    {
        foreach (FuseRequest request in _requests.GetConsumingEnumerable())
            request.Complete(0, 0);
    }
}
