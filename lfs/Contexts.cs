using System.Diagnostics.CodeAnalysis;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs;

/// <summary>Lock-free reads of the head tree. Each call returns 0 (found), -ENOENT (none), -EIO, or <see cref="Op.Miss"/>.</summary>
public ref struct ReadContext(IIndexReader tree)
{
    internal IIndexReader Tree { get; } = tree;
    internal PageReference Missing;

    /// <summary>Copies the value (birth CSN included) into the buffer, which holds at least <see cref="Limits.MaxValueBytes"/>.</summary>
    public int Get(Key key, scoped Span<byte> buffer, out int lengthBytes) => Tree.TryGet(key, buffer, out lengthBytes, out Missing);

    /// <summary>The smallest record in [from, last].</summary>
    public int SeekAtLeast(Key from, Key last, out Key found, scoped Span<byte> buffer, out int lengthBytes)
        => Tree.TrySeekAtLeast(from, last, out found, buffer, out lengthBytes, out Missing);

    /// <summary>The greatest record in [first, from].</summary>
    public int SeekAtMost(Key from, Key first, out Key found, scoped Span<byte> buffer, out int lengthBytes)
        => Tree.TrySeekAtMost(from, first, out found, buffer, out lengthBytes, out Missing);
}

/// <summary>Reads as of before this commit, and the commit's write set.</summary>
public ref struct CommitContext
{
    private ReadContext _read;
    private readonly MutationBatch _batch;

    internal CommitContext(IIndexReader tree, MutationBatch batch, ulong csn, Timestamp now, ulong nextInode)
    {
        _read = new ReadContext(tree);
        _batch = batch;
        Csn = csn;
        Now = now;
        NextInode = nextInode;
    }

    internal readonly PageReference Missing => _read.Missing;

    /// <summary>The same reads for helpers that serve read bodies and commit bodies alike.</summary>
    [UnscopedRef]
    internal ref ReadContext Reads => ref _read;

    /// <summary>The CSN that this commit will have.</summary>
    public ulong Csn { get; }
    public Timestamp Now { get; }
    internal ulong NextInode { get; private set; }

    public int Get(Key key, scoped Span<byte> buffer, out int lengthBytes) => _read.Get(key, buffer, out lengthBytes);
    public int SeekAtLeast(Key from, Key last, out Key found, scoped Span<byte> buffer, out int lengthBytes) => _read.SeekAtLeast(from, last, out found, buffer, out lengthBytes);
    public int SeekAtMost(Key from, Key first, out Key found, scoped Span<byte> buffer, out int lengthBytes) => _read.SeekAtMost(from, first, out found, buffer, out lengthBytes);

    /// <summary>Inserts or replaces. The first 8 bytes of the value are overwritten with this commit's CSN. A second Put of a key replaces the first.</summary>
    public readonly void Put(Key key, scoped ReadOnlySpan<byte> value) => _batch.Put(key, value, Csn);

    /// <summary>Removes; a key that is not there is no error.</summary>
    public readonly void Delete(Key key) => _batch.Delete(key);

    /// <summary>How many more mutations this commit may hold.</summary>
    public readonly int RoomMutations => _batch.RoomMutations;

    /// <summary>A number never used before on this volume.</summary>
    public ulong AllocateInode() => NextInode++;
}
