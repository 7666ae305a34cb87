using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Cleaner;

/// <summary>The live records of a round's victims, with their values. Bounded; its memory is kept from round to round.</summary>
internal sealed class LiveList
{
    /// <summary>About three megabytes of values at most.</summary>
    public const int MaxRecords = 8192;

    private readonly List<LiveRecord> _records = [];
    private byte[] _values = new byte[64 * 1024];
    private int _valueBytes;

    public int Count => _records.Count;
    public bool IsFull => _records.Count >= MaxRecords;
    public LiveRecord this[int index] => _records[index];

    public ReadOnlySpan<byte> Value(int index) => Edit(index);

    public ReadOnlySpan<byte> Value(LiveRecord record) => _values.AsSpan(record.ValueOffset, record.ValueLength);

    /// <summary>The value, to be changed in place into what the record is to become.</summary>
    public Span<byte> Edit(int index) => _values.AsSpan(_records[index].ValueOffset, _records[index].ValueLength);

    /// <summary>A longer or shorter value in place of the record's.</summary>
    public void Replace(int index, ReadOnlySpan<byte> value) => _records[index] = _records[index] with { ValueOffset = Store(value), ValueLength = value.Length };

    public void Add(Key key, in Extent extent, ReadOnlySpan<byte> value, int segment)
        => _records.Add(new LiveRecord(key, extent.BirthCsn, extent, Store(value), value.Length, segment));

    public void Clear()
    {
        _records.Clear();
        _valueBytes = 0;
    }

    public void RemoveAll(Predicate<LiveRecord> predicate) => _records.RemoveAll(predicate);

    /// <summary>By stored address, and within one by key: records that share bytes become neighbours.</summary>
    public void SortByAddress()
        => _records.Sort((a, b) =>
        {
            int byAddress = a.Extent.AddressBytes.CompareTo(b.Extent.AddressBytes);
            return byAddress != 0 ? byAddress : a.Key.CompareTo(b.Key);
        });

    private int Store(ReadOnlySpan<byte> value)
    {
        if (_valueBytes + value.Length > _values.Length)
        {
            Array.Resize(ref _values, 2 * (_valueBytes + value.Length));
        }
        value.CopyTo(_values.AsSpan(_valueBytes));
        int at = _valueBytes;
        _valueBytes += value.Length;
        return at;
    }
}
