using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Txlfs.Journal.Codec;

namespace Txlfs.Lfs.Index;

[Flags]
internal enum PagePointerFlags : byte
{
    None = 0,

    /// <summary>The page id is free; <see cref="PagePointer.AddressBytes"/> holds the next free id (0 ends the list).</summary>
    Free = 1,
}

/// <summary>The digest of a page's stored bytes; shorter digests are padded with zeros.</summary>
[InlineArray(Checksum.MaxWidthBytes)]
internal struct PageDigest
{
    private byte _first;
}

/// <summary>
/// Where the newest written image of a page is, and the checksum of its stored bytes. One entry of a map page; 64 bytes, little-endian,
/// the same in memory and on disk. All zeros: the page was never written.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeBytes)]
internal struct PagePointer
{
    public const int SizeBytes = 64;

    [FieldOffset(0)] public ulong AddressBytes;
    [FieldOffset(8)] public uint StoredLengthBytes;
    [FieldOffset(12)] public CodecKind Codec;
    [FieldOffset(13)] public PagePointerFlags Flags;
    [FieldOffset(14)] public ushort Reserved;

    /// <summary>The checkpoint that wrote this image; filled in by the index.</summary>
    [FieldOffset(16)] public ulong BirthCheckpoint;
    [FieldOffset(24)] public PageDigest Digest;
    [FieldOffset(56)] public ulong Reserved2;

    public readonly bool IsFree => (Flags & PagePointerFlags.Free) != 0;

    /// <summary>True when there are stored bytes behind it.</summary>
    public readonly bool IsStored => StoredLengthBytes != 0 && !IsFree;

    public static PagePointer FreeEntry(ulong nextFreeId) => new() { AddressBytes = nextFreeId, Flags = PagePointerFlags.Free };
}
