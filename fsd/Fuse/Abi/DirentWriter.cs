using System.Runtime.CompilerServices;
using Txlfs.Journal.Device;

namespace Txlfs.Fsd.Fuse.Abi;

/// <summary>Appends directory entries to a reply until the next one does not fit.</summary>
public ref struct DirentWriter
{
    private readonly Span<byte> _destination;

    /// <param name="destination">The part of the reply memory that the request's size allows.</param>
    public DirentWriter(NativeSlice destination) => _destination = destination.Span;

    public int WrittenBytes { get; private set; }

    /// <summary>False, and nothing written, when the entry does not fit.</summary>
    /// <param name="nextCookie">The cookie that reading goes on from after this entry.</param>
    public bool TryAppend(ReadOnlySpan<byte> name, ulong ino, ulong nextCookie, uint mode)
    {
        int headBytes = Unsafe.SizeOf<FuseDirent>();
        if (!TryReserve(headBytes, name, out Span<byte> record))
            return false;
        Unsafe.WriteUnaligned(ref record[0], Dirent(name, ino, nextCookie, mode));
        return true;
    }

    /// <summary>The entry's mode and inode number come from its attributes. The kernel takes one lookup count for each entry that has a node id.</summary>
    public bool TryAppendPlus(ReadOnlySpan<byte> name, in FuseEntryOut entry, ulong nextCookie)
    {
        int headBytes = Unsafe.SizeOf<FuseDirentPlus>();
        if (!TryReserve(headBytes, name, out Span<byte> record))
            return false;
        Unsafe.WriteUnaligned(ref record[0], new FuseDirentPlus { Entry = entry, Dirent = Dirent(name, entry.Attr.Ino, nextCookie, entry.Attr.Mode) });
        return true;
    }

    private static FuseDirent Dirent(ReadOnlySpan<byte> name, ulong ino, ulong nextCookie, uint mode) =>
        new() { Ino = ino, NextCookie = nextCookie, NameLengthBytes = (uint)name.Length, Type = (mode & 0xF000) >> 12 };

    private bool TryReserve(int headBytes, ReadOnlySpan<byte> name, out Span<byte> record)
    {
        int usedBytes = headBytes + name.Length;
        int paddedBytes = (usedBytes + 7) & ~7;
        if (paddedBytes > _destination.Length - WrittenBytes)
        {
            record = default;
            return false;
        }
        record = _destination.Slice(WrittenBytes, paddedBytes);
        name.CopyTo(record[headBytes..]);
        record[usedBytes..].Clear();
        WrittenBytes += paddedBytes;
        return true;
    }
}
