using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify;

/// <summary>A run of existing inodes, in ascending order, and what the directory entries of the whole volume say of each.</summary>
/// <param name="capacity">Inodes of one window; a volume with more takes more passes over the index.</param>
internal sealed class LinkWindow(int capacity)
{
    public struct Entry
    {
        public ulong Inode, Parent, FirstDirectory, FirstCookie;
        public uint Links, Names;
        public byte Type;
        public bool IsSound;
    }

    private readonly Entry[] _entries = new Entry[capacity];

    public int Count { get; private set; }

    /// <summary>Entries that name inodes in [Low, High] are this window's.</summary>
    public ulong Low { get; private set; }
    public ulong High { get; private set; }
    public bool IsFull => Count == capacity;

    public ref Entry this[int index] => ref _entries[index];

    public void Begin(ulong low)
    {
        Count = 0;
        Low = low;
        High = ulong.MaxValue;
    }

    public void Add(ulong inode, ReadOnlySpan<byte> value)
    {
        bool isSound = InodeRecord.TryRead(value, inode, out InodeAttributes attributes);
        _entries[Count++] = new Entry
        {
            Inode = inode,
            Links = attributes.Nlink,
            Parent = attributes.Parent,
            Type = isSound ? DirentRecord.TypeOf(attributes.Mode) : (byte)0,
            IsSound = isSound,
        };
    }

    /// <summary>There are more inodes behind the last one.</summary>
    public void EndBeforeMore() => High = _entries[Count - 1].Inode;

    /// <summary>The place of an inode, or -1.</summary>
    public int Find(ulong inode)
    {
        int low = 0, high = Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            ulong at = _entries[middle].Inode;
            if (at == inode)
            {
                return middle;
            }
            (low, high) = at < inode ? (middle + 1, high) : (low, middle - 1);
        }
        return -1;
    }

    public static Key InodeKey(ulong inode) => Key.Of(inode, RecordKind.Inode, 0);
}
