using System.Buffers.Binary;

namespace Txlfs.Lfs.Format;

/// <summary>The value of a directory entry: birth, child inode, type, name. The key's sub is the entry's cookie; FORMAT.md, "Records".</summary>
internal static class DirentRecord
{
    public const int ChildAt = 8, TypeAt = 16, NameAt = 17;
    public const int MaxSizeBytes = NameAt + Limits.MaxNameBytes;

    public const int SlotBits = 4;
    public const int Slots = 1 << SlotBits;
    public const int HashBits = 56;

    /// <summary>Cookies below are not entries: 1 is ".", 2 is "..". Hash 0 is therefore stored as hash 1.</summary>
    public const ulong FirstCookie = Slots;
    public const ulong LastCookie = (1UL << (HashBits + SlotBits)) - 1;

    /// <summary>The cookie of slot 0 for a 64-bit name hash: its upper 56 bits, never 0, above 4 slot bits.</summary>
    public static ulong FirstCookieOf(ulong hash) => Math.Max(hash >> (64 - HashBits), 1) << SlotBits;

    /// <summary>As in st_mode's type field, and as readdir's d_type.</summary>
    public static byte TypeOf(uint mode) => (byte)((mode & ModeBits.TypeMask) >> 12);

    public static int Write(Span<byte> value, ulong child, byte type, ReadOnlySpan<byte> name)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(value, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(value[ChildAt..], child);
        value[TypeAt] = type;
        name.CopyTo(value[NameAt..]);
        return NameAt + name.Length;
    }

    public static bool TryRead(ReadOnlySpan<byte> value, out ulong child, out byte type, out ReadOnlySpan<byte> name)
    {
        child = 0;
        type = 0;
        name = default;
        if (value.Length is <= NameAt or > MaxSizeBytes)
        {
            return false;
        }
        child = BinaryPrimitives.ReadUInt64LittleEndian(value[ChildAt..]);
        type = value[TypeAt];
        name = value[NameAt..];
        return child != 0 && InodeRecord.IsKnownType((uint)type << 12) && !name.ContainsAny((byte)0, (byte)'/');
    }
}
