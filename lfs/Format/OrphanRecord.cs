using System.Buffers.Binary;

namespace Txlfs.Lfs.Format;

/// <summary>The value of an orphan record: its birth and nothing else; the key (inode 0, sub = inode number) says it all.</summary>
internal static class OrphanRecord
{
    public const int SizeBytes = sizeof(ulong);

    public static void Write(Span<byte> value) => BinaryPrimitives.WriteUInt64LittleEndian(value, 0);
}
