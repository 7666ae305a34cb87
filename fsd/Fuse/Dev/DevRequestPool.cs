using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;

namespace Txlfs.Fsd.Fuse.Dev;

/// <summary>The bounded set of requests. A worker that finds none waits until the filesystem gives one back: that is the back-pressure.</summary>
internal sealed class DevRequestPool : IInterruptible, IDisposable
{
    /// <summary>An idle buffer keeps this much of its memory; of those that were used further, only a few stay as they are.</summary>
    private const int KeepIdleBytes = 64 << 10;
    private const int WarmLimit = 4;

    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _available = new(true);
    private readonly DevRequest?[] _all;
    private readonly DevRequest[] _free;
    private readonly int _maxBodyBytes;
    private readonly Action<string> _warn;
    private int _freeCount, _createdCount, _warmFreeCount;

    public DevRequestPool(int limit, int maxBodyBytes, Action<string> warn)
    {
        _all = new DevRequest[limit];
        _free = new DevRequest[limit];
        _maxBodyBytes = maxBodyBytes;
        _warn = warn;
    }

    public long MemoryBoundBytes => (long)_all.Length * (_maxBodyBytes + 2L * Environment.SystemPageSize);

    public DevRequest Rent()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_freeCount > 0)
                {
                    DevRequest request = _free[--_freeCount];
                    if (request.TouchedBytes > KeepIdleBytes)
                        _warmFreeCount--;
                    return request;
                }
                if (_createdCount < _all.Length)
                    return _all[_createdCount++] = new DevRequest(this, _maxBodyBytes);
                _available.Reset();
            }
            _available.Wait();
        }
    }

    public void Return(DevRequest request)
    {
        lock (_lock)
        {
            if (request.TouchedBytes > KeepIdleBytes)
            {
                if (_warmFreeCount < WarmLimit)
                    _warmFreeCount++;
                else
                    request.ForgetTouched(KeepIdleBytes);
            }
            _free[_freeCount++] = request;
            _available.Set();
        }
    }

    /// <summary>Waits until the filesystem holds none of them any more.</summary>
    public void WaitUntilAllReturned()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_freeCount == _createdCount)
                    return;
                _available.Reset();
            }
            _available.Wait();
        }
    }

    public bool TryInterrupt(ulong unique)
    {
        foreach (DevRequest? request in _all)
        {
            if (request is not null && request.TryInterrupt(unique))
                return true;
        }
        return false;
    }

    /// <summary>ENOENT: the caller was killed and no longer waits. ENODEV, EPERM: unmounted meanwhile.</summary>
    public void ReplyFailed(DevRequest request, int errno)
    {
        if (errno is not (Errno.ENOENT or Errno.ENODEV or Errno.EPERM or Errno.ENOTCONN))
            _warn($"The kernel refused the reply to {(FuseOpcode)request.Opcode} (errno {errno}).");
    }

    public void Dispose()
    {
        foreach (DevRequest? request in _all)
            request?.Dispose();
        _available.Dispose();
    }
}
