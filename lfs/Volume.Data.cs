using Txlfs.Journal.Device;
using Txlfs.Lfs.Data;

namespace Txlfs.Lfs;

// The contents of regular files. Thin: the rules are in lfs/Data.
public sealed partial class Volume
{
    private readonly DataPath _data;

    /// <summary>Bytes read, 0 at the end of the file, or -errno. Bytes that fail their checksum are -EIO, and logged.</summary>
    public ValueTask<int> ReadAsync(ulong inode, long offsetBytes, NativeSlice destination) => _data.ReadAsync(inode, offsetBytes, destination);

    /// <summary>Bytes written, or -errno. Up to a megabyte is one commit.</summary>
    public ValueTask<int> WriteAsync(ulong inode, long offsetBytes, NativeSlice source, WriteOptions options, Caller caller)
        => _data.WriteAsync(inode, offsetBytes, source, options, caller);

    /// <summary>Sets the size and, in the same commit, the other fields of the change.</summary>
    public ValueTask<OpResult<InodeAttributes>> SetSizeAsync(ulong inode, long sizeBytes, AttributeChange others, Caller caller)
        => _data.SetSizeAsync(inode, sizeBytes, others, caller);

    public ValueTask<int> FallocateAsync(ulong inode, FallocateMode mode, long offsetBytes, long lengthBytes, Caller caller)
        => _data.FallocateAsync(inode, mode, offsetBytes, lengthBytes, Statistics().AvailableBytes, caller);

    /// <param name="whence">SEEK_DATA 3, SEEK_HOLE 4.</param>
    public ValueTask<OpResult<long>> SeekAsync(ulong inode, long offsetBytes, int whence) => _data.SeekAsync(inode, offsetBytes, whence);

    /// <summary>Bytes copied, possibly fewer than asked for; extents are shared where alignment allows.</summary>
    public ValueTask<OpResult<long>> CopyRangeAsync(ulong source, long sourceOffsetBytes, ulong target, long targetOffsetBytes, long lengthBytes, Caller caller)
        => _data.CopyRangeAsync(new CopyRange(source, sourceOffsetBytes, target, targetOffsetBytes, lengthBytes), caller);
}
