using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Interop;
using Txlfs.Journal.Device;

namespace Txlfs.Fsd.Fuse;

/// <summary>
/// Tells the kernel that what it has cached is no longer so. The kernel may wait for requests of the same file or directory before it returns:
/// never call it from <see cref="IFuseFilesystem.Handle"/>, nor holding what a handler waits for. Results: 0 or an errno; ENOENT says that
/// the kernel had not cached it.
/// </summary>
public sealed unsafe class FuseNotifier
{
    private readonly int _fuseFd;

    internal FuseNotifier(int fuseFd) => _fuseFd = fuseFd;

    /// <summary>Drops cached attributes, and the cached data of a range: a length of 0 means to the end, a negative offset no data.</summary>
    public int InvalidateInode(ulong nodeId, long offsetBytes, long lengthBytes)
    {
        var body = new FuseNotifyInvalInodeOut { NodeId = nodeId, OffsetBytes = offsetBytes, LengthBytes = lengthBytes };
        return Send(FuseNotifyCode.InvalInode, &body, sizeof(FuseNotifyInvalInodeOut), default, isName: false);
    }

    public int InvalidateEntry(ulong parent, ReadOnlySpan<byte> name, FuseInvalEntryFlags flags = FuseInvalEntryFlags.None)
    {
        var body = new FuseNotifyInvalEntryOut { Parent = parent, NameLengthBytes = (uint)name.Length, Flags = flags };
        return Send(FuseNotifyCode.InvalEntry, &body, sizeof(FuseNotifyInvalEntryOut), name, isName: true);
    }

    /// <summary>The entry was removed behind the kernel's back: also tells those who watch the directory.</summary>
    public int Delete(ulong parent, ulong child, ReadOnlySpan<byte> name)
    {
        var body = new FuseNotifyDeleteOut { Parent = parent, Child = child, NameLengthBytes = (uint)name.Length };
        return Send(FuseNotifyCode.Delete, &body, sizeof(FuseNotifyDeleteOut), name, isName: true);
    }

    /// <summary>Puts data into the page cache.</summary>
    public int Store(ulong nodeId, ulong offsetBytes, NativeSlice data)
    {
        var body = new FuseNotifyStoreOut { NodeId = nodeId, OffsetBytes = offsetBytes, SizeBytes = (uint)data.LengthBytes };
        return Send(FuseNotifyCode.Store, &body, sizeof(FuseNotifyStoreOut), data.Span, isName: false);
    }

    private int Send(FuseNotifyCode code, void* body, int bodyBytes, ReadOnlySpan<byte> tail, bool isName)
    {
        byte nul = 0;
        int tailBytes = tail.Length + (isName ? 1 : 0);
        var header = new FuseOutHeader { LengthBytes = (uint)(sizeof(FuseOutHeader) + bodyBytes + tailBytes), Error = (int)code };
        IoVector* vectors = stackalloc IoVector[4];
        fixed (byte* tailStart = tail)
        {
            vectors[0] = new IoVector { Base = &header, LengthBytes = (nuint)sizeof(FuseOutHeader) };
            vectors[1] = new IoVector { Base = body, LengthBytes = (nuint)bodyBytes };
            vectors[2] = new IoVector { Base = tailStart, LengthBytes = (nuint)tail.Length };
            vectors[3] = new IoVector { Base = &nul, LengthBytes = isName ? 1u : 0u };
            return LibC.WriteV(_fuseFd, vectors, 4) < 0 ? LibC.LastErrno : 0;
        }
    }
}
