using System.Runtime.CompilerServices;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Data;

namespace Txlfs.Lfs;

// The contents of regular files. Thin: the rules are in lfs/Data. What puts data into the log before a record names it, or shares what a record names,
// counts itself into the data epoch, so that no checkpoint frees the segment in between (invariant S3).
public sealed partial class Volume
{
    private readonly DataPath _data;

    /// <summary>Bytes read, 0 at the end of the file, or -errno. Bytes that fail their checksum are -EIO, and logged.</summary>
    public ValueTask<int> ReadAsync(ulong inode, long offsetBytes, NativeSlice destination) => _data.ReadAsync(inode, offsetBytes, destination);

    /// <summary>Bytes written, or -errno. Up to a megabyte is one commit.</summary>
    public ValueTask<int> WriteAsync(ulong inode, long offsetBytes, NativeSlice source, WriteOptions options, Caller caller)
    {
        int epoch = _engine.Epoch.Enter();
        return InEpoch(_data.WriteAsync(inode, offsetBytes, source, options, caller), epoch);
    }

    /// <summary>Sets the size and, in the same commit, the other fields of the change.</summary>
    public ValueTask<OpResult<InodeAttributes>> SetSizeAsync(ulong inode, long sizeBytes, AttributeChange others, Caller caller)
    {
        int epoch = _engine.Epoch.Enter();
        return InEpoch(_data.SetSizeAsync(inode, sizeBytes, others, caller), epoch);
    }

    public ValueTask<int> FallocateAsync(ulong inode, FallocateMode mode, long offsetBytes, long lengthBytes, Caller caller)
    {
        int epoch = _engine.Epoch.Enter();
        return InEpoch(_data.FallocateAsync(inode, mode, offsetBytes, lengthBytes, Statistics().AvailableBytes, caller), epoch);
    }

    /// <param name="whence">SEEK_DATA 3, SEEK_HOLE 4.</param>
    public ValueTask<OpResult<long>> SeekAsync(ulong inode, long offsetBytes, int whence) => _data.SeekAsync(inode, offsetBytes, whence);

    /// <summary>Bytes copied, possibly fewer than asked for; extents are shared where alignment allows.</summary>
    public ValueTask<OpResult<long>> CopyRangeAsync(ulong source, long sourceOffsetBytes, ulong target, long targetOffsetBytes, long lengthBytes, Caller caller)
    {
        int epoch = _engine.Epoch.Enter();
        return InEpoch(_data.CopyRangeAsync(new CopyRange(source, sourceOffsetBytes, target, targetOffsetBytes, lengthBytes), caller), epoch);
    }

    private ValueTask<TResult> InEpoch<TResult>(ValueTask<TResult> work, int epoch)
    {
        if (!work.IsCompletedSuccessfully)
        {
            return InEpochSlowAsync(work, epoch);
        }
        _engine.Epoch.Exit(epoch);
        return work;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<TResult> InEpochSlowAsync<TResult>(ValueTask<TResult> work, int epoch)
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
