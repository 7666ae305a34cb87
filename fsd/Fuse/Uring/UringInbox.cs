namespace Txlfs.Fsd.Fuse.Uring;

/// <summary>Answers from other threads on their way to the ring's own thread. Lock-free; bounded by the number of entries, each of which is in it at most once.</summary>
internal sealed class UringInbox
{
    private UringRequest? _top;
    private int _isWaiting;

    public bool IsEmpty => Volatile.Read(ref _top) is null;

    /// <summary>True when the ring's thread waits and has to be woken by the caller.</summary>
    public bool Push(UringRequest request)
    {
        UringRequest? top;
        do
        {
            top = Volatile.Read(ref _top);
            request.Next = top;
        }
        while (Interlocked.CompareExchange(ref _top, request, top) != top);
        return Volatile.Read(ref _isWaiting) != 0 && Interlocked.Exchange(ref _isWaiting, 0) != 0;
    }

    /// <summary>All that was pushed, oldest first, linked by <see cref="UringRequest.Next"/>.</summary>
    public UringRequest? TakeAll()
    {
        if (IsEmpty)
            return null;
        UringRequest? newest = Interlocked.Exchange(ref _top, null), oldest = null;
        while (newest is not null)
        {
            UringRequest? older = newest.Next;
            newest.Next = oldest;
            oldest = newest;
            newest = older;
        }
        return oldest;
    }

    /// <summary>Before the thread waits: false when something has come meanwhile and it must not.</summary>
    public bool TryBeginWait()
    {
        Interlocked.Exchange(ref _isWaiting, 1);
        if (IsEmpty)
            return true;
        EndWait();
        return false;
    }

    public void EndWait() => Volatile.Write(ref _isWaiting, 0);
}
