using System.Runtime.CompilerServices;
using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.TransportBench;

/// <summary>A whole filesystem in memory: what remains when one measures it is the transport.</summary>
internal sealed partial class MemoryFilesystem : IFuseFilesystem
{
    private const ulong RootId = 1, CacheS = 3600;

    /// <summary>Guards the namespace: directories, link and lookup counts, the table of nodes. Taken before a node's own lock.</summary>
    private readonly Lock _lock = new();
    private readonly Func<long> _nowS;
    private readonly Action<FuseRequest>? _completeFSync;
    private readonly Stack<ulong> _freeIds = [];
    private MemoryNode?[] _nodes = new MemoryNode?[1024];
    private ulong _nextId = RootId + 1;
    private int _isStarted;

    /// <param name="completeFSync">Takes FSYNC requests and completes them later, on another thread; null: they complete at once.</param>
    public MemoryFilesystem(Func<long> nowS, Action<FuseRequest>? completeFSync = null)
    {
        _nowS = nowS;
        _completeFSync = completeFSync;
        _nodes[RootId] = new MemoryNode(RootId, MemoryNode.DirectoryType | 0x1FF, 0, 0, nowS()) { LookupCount = 1 };
    }

    public FuseSession Session { get; private set; }

    public void Start(in FuseSession session)
    {
        if (Interlocked.Exchange(ref _isStarted, 1) != 0)
            throw new InvalidOperationException("Started twice.");
        Session = session;
    }

    public void Forget(ulong nodeId, ulong count)
    {
        lock (_lock)
        {
            if (nodeId == RootId || NodeOrNull(nodeId) is not { } node)
                return;
            node.LookupCount -= Math.Min(count, node.LookupCount);
            ReleaseIfUnused(node);
        }
    }

    public void Handle(FuseRequest request)
    {
        if (NodeOrNull(request.NodeId) is not { } node && !NeedsNoNode((FuseOpcode)request.Opcode))
        {
            request.Complete(Errno.ESTALE, 0);
            return;
        }
        node = NodeOrNull(request.NodeId)!;
        if ((FuseOpcode)request.Opcode == FuseOpcode.FSync && _completeFSync is not null)
        {
            _completeFSync(request);
            return;
        }
        int result = (FuseOpcode)request.Opcode switch
        {
            FuseOpcode.Lookup => Lookup(request, node),
            FuseOpcode.GetAttr => ReplyAttr(request, node),
            FuseOpcode.SetAttr => SetAttr(request, node),
            FuseOpcode.MkNod => MkNod(request, node),
            FuseOpcode.MkDir => MkDir(request, node),
            FuseOpcode.SymLink => SymLink(request, node),
            FuseOpcode.ReadLink => ReadLink(request, node),
            FuseOpcode.Link => Link(request, node),
            FuseOpcode.Unlink => Remove(request, node, wantsDirectory: false),
            FuseOpcode.RmDir => Remove(request, node, wantsDirectory: true),
            FuseOpcode.Rename => Rename(request, node, Argument<FuseRenameIn>(request).NewParent, 0),
            FuseOpcode.Rename2 => Rename(request, node, Argument<FuseRename2In>(request).NewParent, Argument<FuseRename2In>(request).Flags),
            FuseOpcode.Create => Create(request, node),
            FuseOpcode.Open or FuseOpcode.OpenDir => Body(request, OpenReply),
            FuseOpcode.Read => Read(request, node),
            FuseOpcode.Write => Write(request, node),
            FuseOpcode.ReadDir => ReadDir(request, node, isPlus: false),
            FuseOpcode.ReadDirPlus => ReadDir(request, node, isPlus: true),
            FuseOpcode.StatFs => Body(request, new FuseStatFsOut { Blocks = 1 << 24, BlocksFree = 1 << 23, BlocksAvailable = 1 << 23, Files = 1 << 20, FilesFree = 1 << 19, BlockSizeBytes = 4096, NameMaxBytes = 255, FragmentSizeBytes = 4096 }),
            FuseOpcode.Flush or FuseOpcode.FSync or FuseOpcode.FSyncDir or FuseOpcode.Release or FuseOpcode.ReleaseDir or FuseOpcode.SyncFs or FuseOpcode.Destroy => 0,
            _ => -Errno.ENOSYS,
        };
        request.Complete(result < 0 ? -result : 0, Math.Max(result, 0));
    }

    private static FuseOpenOut OpenReply => new() { OpenFlags = FuseOpenFlags.KeepCache | FuseOpenFlags.CacheDir | FuseOpenFlags.ParallelDirectWrites };

    private static bool NeedsNoNode(FuseOpcode opcode) => opcode is FuseOpcode.StatFs or FuseOpcode.SyncFs or FuseOpcode.Destroy;

    private static unsafe T Argument<T>(FuseRequest request) where T : unmanaged => Unsafe.ReadUnaligned<T>(request.Arguments.Pointer);

    private static unsafe int Body<T>(FuseRequest request, in T body) where T : unmanaged
    {
        Unsafe.WriteUnaligned(request.ReplyMemory.Pointer, body);
        return sizeof(T);
    }

    /// <summary>The payload's NUL-terminated names; false when it has not that many.</summary>
    private static bool TryNames(NativeSlice payload, out ReadOnlySpan<byte> first, out ReadOnlySpan<byte> second, int count)
    {
        second = default;
        first = default;
        ReadOnlySpan<byte> rest = payload.Span;
        int end = rest.IndexOf((byte)0);
        if (end <= 0)
            return false;
        first = rest[..end];
        if (count == 1)
            return true;
        rest = rest[(end + 1)..];
        end = rest.IndexOf((byte)0);
        if (end <= 0)
            return false;
        second = rest[..end];
        return true;
    }

    private MemoryNode? NodeOrNull(ulong id)
    {
        MemoryNode?[] nodes = Volatile.Read(ref _nodes);
        return id < (ulong)nodes.Length ? Volatile.Read(ref nodes[id]) : null;
    }

    private MemoryNode NewNode(FuseRequest request, uint mode)
    {
        if (!_freeIds.TryPop(out ulong id))
            id = _nextId++;
        if (id >= (ulong)_nodes.Length)
        {
            var larger = new MemoryNode?[_nodes.Length * 2];
            _nodes.CopyTo(larger, 0);
            Volatile.Write(ref _nodes, larger);
        }
        return _nodes[id] = new MemoryNode(id, mode, request.Uid, request.Gid, _nowS());
    }

    private void ReleaseIfUnused(MemoryNode node)
    {
        if (node.LookupCount != 0 || node.Attr.NLink != 0)
            return;
        lock (node)
            node.Truncate(0);
        _nodes[node.Attr.Ino] = null;
        _freeIds.Push(node.Attr.Ino);
    }

    private static FuseEntryOut Entry(MemoryNode node) =>
        new() { NodeId = node.Attr.Ino, EntryValidS = CacheS, AttrValidS = CacheS, Attr = node.Attr };

    private static int ReplyEntry(FuseRequest request, MemoryNode node)
    {
        node.LookupCount++;
        return Body(request, Entry(node));
    }

    private static int ReplyAttr(FuseRequest request, MemoryNode node)
    {
        lock (node)
            return Body(request, new FuseAttrOut { AttrValidS = CacheS, Attr = node.Attr });
    }
}
