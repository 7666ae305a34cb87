using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Namespace;

/// <summary>What is done by inode number: attributes, open and release, symlink targets.</summary>
internal sealed class Inodes(NamespaceRoom room)
{
    public ValueTask<OpResult<InodeAttributes>> GetAttributesAsync(ulong inode)
        => room.Engine.ReadAsync<GetAttributesBody, InodeAttributes>(new GetAttributesBody(room, inode));

    /// <summary>All fields but the size, which the caller has given to the data path.</summary>
    public ValueTask<OpResult<InodeAttributes>> SetAttributesAsync(ulong inode, AttributeChange change, Caller caller)
        => change.Fields == AttributeFields.None
            ? GetAttributesAsync(inode)
            : room.Engine.CommitAsync<SetAttributesBody, InodeAttributes>(new SetAttributesBody(room, inode, change), caller, CommitKind.SetAttributes);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadLinkAsync(ulong inode, NativeSlice destination)
    {
        OpResult<int> result = await SettledReads.ReadAsync<ReadLinkBody, int>(room, new ReadLinkBody(room, inode, destination));
        return result.IsOk ? result.Value : -result.Errno;
    }

    /// <summary>
    /// Counts an open first and looks at the inode then: so either the commit that takes its last name sees the open, or this sees that there is no inode.
    /// Without a name it can be opened only by who has it open already (through /proc/self/fd): otherwise it is about to be freed.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<OpResult<InodeAttributes>> OpenAsync(ulong inode)
    {
        if (!room.Open.TryAcquire(inode, out bool wasOpen))
        {
            return OpResult<InodeAttributes>.Fail(Errno.ENOENT);
        }
        OpResult<InodeAttributes> result = await GetAttributesAsync(inode);
        if (result.IsOk && (wasOpen || result.Value.Nlink > 0))
        {
            return result;
        }
        Release(inode);
        if (result.IsOk)
        {
            room.Orphans.Enqueue(inode); // freeing may have been put off by our open
        }
        return result.IsOk ? OpResult<InodeAttributes>.Fail(Errno.ENOENT) : result;
    }

    public void Release(ulong inode)
    {
        if (room.Open.Release(inode))
        {
            room.Orphans.Enqueue(inode);
        }
    }
}
