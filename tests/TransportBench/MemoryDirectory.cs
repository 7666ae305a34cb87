using System.Diagnostics.CodeAnalysis;

namespace Txlfs.TransportBench;

/// <summary>Entries by name, and in the order of their creation: the place in that order is the readdir cookie and never changes.</summary>
internal sealed class MemoryDirectory
{
    private readonly Dictionary<byte[], int> _slotsByName = new(NameComparer.Instance);
    private readonly Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private readonly List<Entry> _slots = [];

    public MemoryDirectory() => _lookup = _slotsByName.GetAlternateLookup<ReadOnlySpan<byte>>();

    public readonly record struct Entry(byte[] Name, MemoryNode? Node);

    public int Count => _slotsByName.Count;

    public bool TryFind(ReadOnlySpan<byte> name, [NotNullWhen(true)] out MemoryNode? node)
    {
        node = _lookup.TryGetValue(name, out int slot) ? _slots[slot].Node : null;
        return node is not null;
    }

    public void Set(ReadOnlySpan<byte> name, MemoryNode node)
    {
        if (_lookup.TryGetValue(name, out int slot))
        {
            _slots[slot] = _slots[slot] with { Node = node };
            return;
        }
        byte[] copy = name.ToArray();
        _slotsByName.Add(copy, _slots.Count);
        _slots.Add(new Entry(copy, node));
    }

    public void Remove(ReadOnlySpan<byte> name)
    {
        if (!_lookup.Remove(name, out _, out int slot))
            return;
        _slots[slot] = default;
        while (_slots.Count > 0 && _slots[^1].Node is null)
            _slots.RemoveAt(_slots.Count - 1);
    }

    /// <summary>The first entry at or after a place; false at the end.</summary>
    public bool TryNext(ref ulong place, out Entry entry)
    {
        for (; place < (ulong)_slots.Count; place++)
        {
            entry = _slots[(int)place];
            if (entry.Node is not null)
                return true;
        }
        entry = default;
        return false;
    }

    private sealed class NameComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly NameComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);
        public int GetHashCode(byte[] name) => GetHashCode(name.AsSpan());
        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);
        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public int GetHashCode(ReadOnlySpan<byte> name)
        {
            uint hash = 2166136261;
            foreach (byte letter in name)
                hash = (hash ^ letter) * 16777619;
            return (int)hash;
        }
    }
}
