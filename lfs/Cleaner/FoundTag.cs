using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Cleaner;

/// <summary>A line of a victim's extent table: who owned the bytes first, and where they are. A hint, to be checked against the index.</summary>
internal readonly record struct FoundTag(ulong Owner, long OffsetBytes, int RawLengthBytes, long AddressBytes, int StoredLengthBytes) : IComparable<FoundTag>
{
    public int CompareTo(FoundTag other)
    {
        int byOwner = Owner.CompareTo(other.Owner);
        return byOwner != 0 ? byOwner : OffsetBytes.CompareTo(other.OffsetBytes);
    }
}

/// <summary>A record that names bytes in a victim: its key, the commit that put it, and its value in the list's bytes.</summary>
internal readonly record struct LiveRecord(Key Key, ulong BirthCsn, Format.Extent Extent, int ValueOffset, int ValueLength, int Segment);
