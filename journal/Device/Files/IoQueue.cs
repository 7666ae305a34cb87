namespace Txlfs.Journal.Device.Files;

/// <summary>First in, first out, linked through the requests themselves. Its owner holds a lock around every call.</summary>
internal struct IoQueue
{
    /// <summary>Far above what the stages above let be in flight; more is a mistake of theirs, not load.</summary>
    public const int MaxRequests = 65536;

    private IoRequest? _first;
    private IoRequest? _last;

    public int Count { get; private set; }

    public void Add(IoRequest request)
    {
        if (Count == MaxRequests)
            throw new InvalidOperationException($"more than {MaxRequests} device operations wait: a stage above has no bound");
        request.Next = null;
        if (_last is null)
            _first = request;
        else
            _last.Next = request;
        _last = request;
        Count++;
    }

    public IoRequest? Take()
    {
        IoRequest? request = _first;
        if (request is null)
            return null;
        _first = request.Next;
        if (_first is null)
            _last = null;
        request.Next = null;
        Count--;
        return request;
    }
}
