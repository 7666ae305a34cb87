using System.Runtime.CompilerServices;
using Txlfs.Fsd.Fuse;

namespace Txlfs.Fsd.Operations;

/// <summary>
/// Answers a request when the volume's task completes. Kept for reuse, so that waiting allocates nothing; what is kept is bounded, and
/// what is in use is bounded by the transport's requests in flight.
/// </summary>
internal sealed class Continuation<T>
{
    private const int KeptLimit = 256;
    private static readonly Stack<Continuation<T>> s_kept = new(KeptLimit);
    private static readonly Lock s_lock = new();

    private readonly Action _run;
    private VolumeFilesystem? _owner;
    private FuseRequest? _request;
    private Action<VolumeFilesystem, FuseRequest, T>? _reply;
    private ValueTaskAwaiter<T> _awaiter;

    private Continuation() => _run = Run;

    public static void Await(VolumeFilesystem owner, FuseRequest request, ValueTask<T> task, Action<VolumeFilesystem, FuseRequest, T> reply)
    {
        Continuation<T> continuation = Rent();
        continuation._owner = owner;
        continuation._request = request;
        continuation._reply = reply;
        continuation._awaiter = task.GetAwaiter();

        // May run at once, on this stack or another thread: nothing may be touched after it.
        continuation._awaiter.UnsafeOnCompleted(continuation._run);
    }

    private void Run()
    {
        (VolumeFilesystem owner, FuseRequest request, Action<VolumeFilesystem, FuseRequest, T> reply) = (_owner!, _request!, _reply!);
        ValueTaskAwaiter<T> awaiter = _awaiter;
        Return();
        try
        {
            reply(owner, request, awaiter.GetResult());
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            owner.Fail(request, fault);
        }
    }

    private static Continuation<T> Rent()
    {
        lock (s_lock)
        {
            if (s_kept.TryPop(out Continuation<T>? kept))
            {
                return kept;
            }
        }
        return new Continuation<T>();
    }

    private void Return()
    {
        (_owner, _request, _reply, _awaiter) = (null, null, null, default);
        lock (s_lock)
        {
            if (s_kept.Count < KeptLimit)
            {
                s_kept.Push(this);
            }
        }
    }
}
