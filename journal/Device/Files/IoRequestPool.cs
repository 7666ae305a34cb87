namespace Txlfs.Journal.Device.Files;

/// <summary>Requests for reuse; more than it keeps are left to the garbage collector.</summary>
internal sealed class IoRequestPool(int keptRequests)
{
    private readonly IoRequest[] _kept = new IoRequest[keptRequests];
    private readonly Lock _lock = new();
    private int _count;

    public IoRequest Rent()
    {
        lock (_lock)
        {
            if (_count > 0)
                return _kept[--_count];
        }
        return new IoRequest(this);
    }

    public void Return(IoRequest request)
    {
        lock (_lock)
        {
            if (_count < _kept.Length)
                _kept[_count++] = request;
        }
    }
}
