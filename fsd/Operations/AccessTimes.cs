using System.Collections.Concurrent;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

public enum AtimePolicy
{
    Never,

    /// <summary>An access is noted when the last one is not younger than the last change, or a day old.</summary>
    Relative,
    Strict,
}

/// <summary>
/// Access times. FUSE leaves them to the filesystem, and reads that the page cache answers never get here; so opening a file for reading
/// counts as the access (a directory: reading its beginning). Noted in memory, shown at once, and written out later in one go: after half
/// a minute, when the table is full, and before the volume is closed. A crash may lose them; nothing else depends on them.
/// </summary>
internal sealed class AccessTimes(Volume volume, AtimePolicy policy, Seams seams) : IWorkItem
{
    private const int PendingLimit = 8192;
    private const int WriteDelayMs = 30_000;
    private const long DayS = 86_400;

    private readonly ConcurrentDictionary<ulong, Timestamp> _pending = new();
    private int _count;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private int _isScheduled;
    private volatile bool _isStopped;

    /// <summary>A file was opened for reading. True when each READ of this handle is to be noted too.</summary>
    public bool Opened(in InodeAttributes attributes)
    {
        if (policy == AtimePolicy.Never)
        {
            return false;
        }
        if (policy == AtimePolicy.Strict || IsDue(attributes))
        {
            Touch(attributes.Inode);
        }
        return policy == AtimePolicy.Strict;
    }

    public void Touch(ulong inode)
    {
        Timestamp now = Timestamp.FromNs(seams.Clock.WallNs);
        if (_pending.TryGetValue(inode, out _))
        {
            _pending[inode] = now;
            return;
        }

        // A full table loses the access rather than the bound: the writer is on its way.
        if (Volatile.Read(ref _count) < PendingLimit && _pending.TryAdd(inode, now))
        {
            int count = Interlocked.Increment(ref _count);
            Schedule(count >= PendingLimit / 2 ? 1 : WriteDelayMs);
        }
    }

    /// <summary>Somebody has set the time himself.</summary>
    public void Forget(ulong inode)
    {
        if (Volatile.Read(ref _count) > 0 && _pending.TryRemove(inode, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    /// <summary>The attributes with the access time that is not yet in the volume.</summary>
    public InodeAttributes Overlay(in InodeAttributes attributes)
    {
        if (Volatile.Read(ref _count) == 0 || !_pending.TryGetValue(attributes.Inode, out Timestamp time))
        {
            return attributes;
        }
        InodeAttributes shown = attributes;
        shown.Atime = time;
        return shown;
    }

    void IThreadPoolWorkItem.Execute() => _ = RunAsync();

    private async Task RunAsync()
    {
        Volatile.Write(ref _isScheduled, 0);
        try
        {
            await WriteAllAsync().ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            seams.Log.Write(LogSeverity.Error, $"writing access times failed: {fault}");
        }
    }

    /// <summary>The last writing; afterwards the volume is not touched any more.</summary>
    public async ValueTask StopAsync()
    {
        await WriteAllAsync().ConfigureAwait(false);
        _isStopped = true;
    }

    private void Schedule(int delayMs)
    {
        if (Interlocked.Exchange(ref _isScheduled, 1) == 0)
        {
            seams.Clock.Schedule(delayMs, this);
        }
    }

    private async ValueTask WriteAllAsync()
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            foreach (KeyValuePair<ulong, Timestamp> pending in _pending)
            {
                if (_isStopped)
                {
                    return;
                }
                await WriteAsync(pending.Key, pending.Value).ConfigureAwait(false);
                if (_pending.TryRemove(pending))
                {
                    Interlocked.Decrement(ref _count);
                }
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    private async ValueTask WriteAsync(ulong inode, Timestamp time)
    {
        OpResult<InodeAttributes> current = await volume.GetAttributesAsync(inode).ConfigureAwait(false);
        if (!current.IsOk)
        {
            return;
        }

        // The change time stays: reading a file is no change of it.
        AttributeChange change = new() { Fields = AttributeFields.Atime | AttributeFields.Ctime, Atime = time, Ctime = current.Value.Ctime };
        OpResult<InodeAttributes> written = await volume.SetAttributesAsync(inode, change, default).ConfigureAwait(false);
        if (!written.IsOk)
        {
            seams.Log.Write(LogSeverity.Debug, $"access time of inode {inode} not written: errno {written.Errno}");
        }
    }

    private bool IsDue(in InodeAttributes attributes)
    {
        InodeAttributes shown = Overlay(attributes);
        return !IsLater(shown.Atime, shown.Mtime) || !IsLater(shown.Atime, shown.Ctime)
            || Timestamp.FromNs(seams.Clock.WallNs).Seconds - shown.Atime.Seconds >= DayS;
    }

    private static bool IsLater(Timestamp a, Timestamp b) => a.Seconds != b.Seconds ? a.Seconds > b.Seconds : a.Nanoseconds > b.Nanoseconds;
}
