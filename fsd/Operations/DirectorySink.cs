using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

/// <summary>Writes directory entries straight into a reply. Pooled: one for each READDIR in flight.</summary>
internal sealed class DirectorySink(DirectorySinkPool pool) : IDirectorySink, IPooledState
{
    private NativeSlice _memory;
    private bool _isPlus;
    private AccessTimes? _accessTimes;
    private InodeAttributes _own;
    private bool _hasOwn;

    public int WrittenBytes { get; private set; }

    public void Reset(NativeSlice memory, bool isPlus, AccessTimes? accessTimes)
    {
        (_memory, _isPlus, _accessTimes, WrittenBytes, _hasOwn) = (memory, isPlus, accessTimes, 0, false);
    }

    public bool TryAdd(ReadOnlySpan<byte> name, in InodeAttributes attributes, ulong cookie)
    {
        DirentWriter writer = new(_memory.Slice(WrittenBytes));
        bool isOwn = name.SequenceEqual("."u8);
        bool isAdded = _isPlus
            ? writer.TryAppendPlus(name, EntryOf(name, attributes), cookie)
            : writer.TryAppend(name, attributes.Inode, cookie, attributes.Mode);
        WrittenBytes += writer.WrittenBytes;
        if (isAdded && isOwn)
        {
            (_own, _hasOwn) = (attributes, true);
        }
        return isAdded;
    }

    /// <summary>The attributes of the directory itself, when the listing began at its beginning.</summary>
    public bool TryGetOwnAttributes(out InodeAttributes attributes)
    {
        attributes = _own;
        return _hasOwn;
    }

    public void Return()
    {
        Reset(default, false, null);
        pool.Return(this);
    }

    /// <summary>"." and ".." carry no node id: the kernel knows both already.</summary>
    private FuseEntryOut EntryOf(ReadOnlySpan<byte> name, in InodeAttributes attributes)
    {
        FuseEntryOut entry = Replies.Entry(_accessTimes!.Overlay(attributes));
        if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
        {
            entry.NodeId = 0;
        }
        return entry;
    }
}

internal sealed class DirectorySinkPool
{
    private const int KeptLimit = 64;
    private readonly Stack<DirectorySink> _kept = new(KeptLimit);
    private readonly Lock _lock = new();

    public DirectorySink Rent(NativeSlice memory, bool isPlus, AccessTimes accessTimes)
    {
        DirectorySink? sink;
        lock (_lock)
        {
            _kept.TryPop(out sink);
        }
        sink ??= new DirectorySink(this);
        sink.Reset(memory, isPlus, accessTimes);
        return sink;
    }

    public void Return(DirectorySink sink)
    {
        lock (_lock)
        {
            if (_kept.Count < KeptLimit)
            {
                _kept.Push(sink);
            }
        }
    }
}
