namespace Txlfs.Lfs;

/// <summary>Receives directory entries; false means full, the entry was not taken.</summary>
public interface IDirectorySink
{
    /// <param name="cookie">Where a later read continues after this entry.</param>
    bool TryAdd(ReadOnlySpan<byte> name, in InodeAttributes attributes, ulong cookie);
}
