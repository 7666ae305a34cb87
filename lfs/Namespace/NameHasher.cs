namespace Txlfs.Lfs.Namespace;

/// <summary>
/// The hash that places names in keys: SipHash-2-4 with the key (seed, seed rotated by 32 bits and complemented). On disk: never changed.
/// Virtual so that tests can force collisions.
/// </summary>
internal class NameHasher(ulong seed)
{
    public virtual ulong Hash(ReadOnlySpan<byte> name) => SipHash.Compute(seed, ~ulong.RotateLeft(seed, 32), name);
}
