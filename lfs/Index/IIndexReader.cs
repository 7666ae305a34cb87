namespace Txlfs.Lfs.Index;

/// <summary>
/// A page that a lookup needs and memory lacks. Opaque; handed back to the index to be loaded. The epoch tells a page that was freed after
/// the lookup (try again) from one that a corrupt tree points at.
/// </summary>
public readonly record struct PageReference(ulong PageId, int Space, uint Epoch = 0);

/// <summary>
/// Ordered reads. Every call returns 0, -ENOENT, -EIO or <see cref="Op.Miss"/> (then <c>missing</c> says what to load).
/// Safe from any number of threads while one writer mutates; the value is copied out and consistent for its record.
/// </summary>
public interface IIndexReader
{
    int TryGet(Key key, Span<byte> buffer, out int lengthBytes, out PageReference missing);

    /// <summary>The smallest record with from &lt;= key &lt;= last.</summary>
    int TrySeekAtLeast(Key from, Key last, out Key found, Span<byte> buffer, out int lengthBytes, out PageReference missing);

    /// <summary>The greatest record with first &lt;= key &lt;= from.</summary>
    int TrySeekAtMost(Key from, Key first, out Key found, Span<byte> buffer, out int lengthBytes, out PageReference missing);
}
