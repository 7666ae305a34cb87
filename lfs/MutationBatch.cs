using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs;

/// <summary>One change of the index: a record put (value in the batch's bytes) or a key removed.</summary>
public readonly record struct Mutation(Key Key, int ValueOffset, int ValueLength)
{
    public bool IsDelete => ValueLength < 0;
}

/// <summary>
/// The write set of one commit, in the order of the body's calls. Bounded by <see cref="Limits.MaxCommitMutations"/> and
/// <see cref="Limits.MaxCommitBytes"/>; reused, so a commit allocates nothing. A body that exceeds the bounds is a defect of
/// the operation (it must ask for room first) and throws.
/// </summary>
public sealed class MutationBatch
{
    private readonly Mutation[] _mutations = new Mutation[Limits.MaxCommitMutations];
    private readonly byte[] _values = new byte[Limits.MaxCommitBytes];
    private int _count;
    private int _valueBytes;

    public int Count => _count;
    public int RoomMutations => Math.Min(_mutations.Length - _count, (_values.Length - _valueBytes) / Limits.MaxValueBytes);
    public ref readonly Mutation this[int index] => ref _mutations[index];
    public ReadOnlySpan<Mutation> Mutations => _mutations.AsSpan(0, _count);

    public ReadOnlySpan<byte> Value(in Mutation mutation) => _values.AsSpan(mutation.ValueOffset, mutation.ValueLength);

    public void Clear()
    {
        _count = 0;
        _valueBytes = 0;
    }

    public void Put(Key key, ReadOnlySpan<byte> value, ulong birthCsn)
    {
        if (value.Length is < sizeof(ulong) or > Limits.MaxValueBytes || value.Length > _values.Length - _valueBytes)
        {
            throw new InvalidOperationException($"a value of {value.Length} bytes does not fit the commit");
        }
        Span<byte> room = _values.AsSpan(_valueBytes, value.Length);
        value.CopyTo(room);
        BinaryPrimitives.WriteUInt64LittleEndian(room, birthCsn);
        Set(new Mutation(key, _valueBytes, value.Length));
        _valueBytes += value.Length;
    }

    public void Delete(Key key) => Set(new Mutation(key, 0, -1));

    /// <summary>A later mutation of a key replaces the earlier one in its place: one mutation a key, so that redo stays minimal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Set(in Mutation mutation)
    {
        // The batches of ordinary operations hold a handful of keys, and large ones are appended in ascending key order: look back a few only.
        for (int i = _count - 1; i >= 0 && i >= _count - 16; i--)
        {
            if (_mutations[i].Key == mutation.Key)
            {
                _mutations[i] = mutation;
                return;
            }
        }
        if (_count == _mutations.Length)
        {
            throw new InvalidOperationException("too many mutations in one commit");
        }
        _mutations[_count++] = mutation;
    }
}
