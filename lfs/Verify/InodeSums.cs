using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Verify;

/// <summary>What the records of one inode come to so far.</summary>
internal sealed class InodeSums
{
    public ulong Inode;
    public InodeAttributes Attributes;

    /// <summary>There is an inode record; and it makes sense.</summary>
    public bool IsKnown, IsSound, IsMissingReported;
    public long Entries, InlineBytes, ExtentBytes, ExtentEndBytes, WrittenEndBytes;
    public ulong LastExtentSub, LastExtentBirth;
    public uint Subdirectories;
    public int TargetChunks;
    public bool TargetIsWhole = true;
    public HashGroup Names { get; } = new();
}

/// <summary>The names of one hash in a directory: they are neighbours, at most as many as there are slots.</summary>
internal sealed class HashGroup
{
    private readonly List<byte[]> _names = [];
    private ulong _first = ulong.MaxValue;

    /// <summary>False when the name was there already.</summary>
    public bool TryAdd(ulong first, ReadOnlySpan<byte> name)
    {
        if (first != _first)
        {
            _first = first;
            _names.Clear();
        }
        foreach (byte[] other in _names)
        {
            if (name.SequenceEqual(other))
            {
                return false;
            }
        }
        if (_names.Count < DirentRecord.Slots)
        {
            _names.Add(name.ToArray());
        }
        return true;
    }
}
