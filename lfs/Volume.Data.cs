using System.Runtime.CompilerServices;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Data;

namespace Txlfs.Lfs;

// File contents. Thin: the rules are in lfs/Data. Operations that put data into the log before a record names it count themselves into the
// data epoch (invariant S3).
public sealed partial class Volume
{
    private readonly DataPath _data;

    /// <summary>Bytes read, 0 at the end of the file, or -errno.</summary>
    public ValueTask<int> ReadAsync(ulong inode, long offsetBytes, NativeSlice destination) => _data.ReadAsync(inode, offsetBytes, destination);

    /// <summary>Bytes written, or -errno.</summary>
    public ValueTask<int> WriteAsync(ulong inode, long offsetBytes, NativeSlice source, WriteOptions options, Caller caller)
    {
        int epoch = _engine.Epoch.Enter();
        ValueTask<int> write = _data.WriteAsync(inode, offsetBytes, source, options, caller);
        if (!write.IsCompleted)
        {
            return ExitLaterAsync(write, epoch);
        }
        _engine.Epoch.Exit(epoch);
        return write;
    }

    /// <summary>Truncates or extends, with the other attribute changes, in one commit.</summary>
    public async ValueTask<OpResult<InodeAttributes>> SetSizeAsync(ulong inode, long sizeBytes, AttributeChange others, Caller caller)
    {
        int epoch = _engine.Epoch.Enter();
        try
        {
            return await _data.SetSizeAsync(inode, sizeBytes, others, caller).ConfigureAwait(false);
        }
        finally
        {
            _engine.Epoch.Exit(epoch);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ExitLaterAsync(ValueTask<int> work, int epoch)
    {
        try
        {
            return await work.ConfigureAwait(false);
        }
        finally
        {
            _engine.Epoch.Exit(epoch);
        }
    }
}
