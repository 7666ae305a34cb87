using System.Buffers.Binary;

namespace Txlfs.Lfs.Format;

/// <summary>The value of an inode record; the table is in FORMAT.md ("Records").</summary>
internal static class InodeRecord
{
    public const int SizeBytes = 112;
    private const int ModeAt = 8, UidAt = 12, GidAt = 16, NlinkAt = 20, RdevAt = 24, FlagsAt = 28, SizeAt = 32, AllocatedAt = 40;
    private const int AtimeAt = 48, MtimeAt = 56, CtimeAt = 64, BtimeAt = 72, AtimeNsAt = 80, MtimeNsAt = 84, CtimeNsAt = 88, BtimeNsAt = 92;
    private const int ParentAt = 96, GenerationAt = 104, ReservedAt = 108;

    /// <summary>Bytes 0-7 are left to the commit, which writes the birth CSN there.</summary>
    public static void Write(Span<byte> value, in InodeAttributes attributes)
    {
        value = value[..SizeBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(value, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(value[ModeAt..], attributes.Mode);
        BinaryPrimitives.WriteUInt32LittleEndian(value[UidAt..], attributes.Uid);
        BinaryPrimitives.WriteUInt32LittleEndian(value[GidAt..], attributes.Gid);
        BinaryPrimitives.WriteUInt32LittleEndian(value[NlinkAt..], attributes.Nlink);
        BinaryPrimitives.WriteUInt32LittleEndian(value[RdevAt..], attributes.Rdev);
        BinaryPrimitives.WriteUInt32LittleEndian(value[FlagsAt..], attributes.Flags);
        BinaryPrimitives.WriteInt64LittleEndian(value[SizeAt..], attributes.SizeBytes);
        BinaryPrimitives.WriteInt64LittleEndian(value[AllocatedAt..], attributes.AllocatedBytes);
        WriteTime(value, AtimeAt, AtimeNsAt, attributes.Atime);
        WriteTime(value, MtimeAt, MtimeNsAt, attributes.Mtime);
        WriteTime(value, CtimeAt, CtimeNsAt, attributes.Ctime);
        WriteTime(value, BtimeAt, BtimeNsAt, attributes.Btime);
        BinaryPrimitives.WriteUInt64LittleEndian(value[ParentAt..], attributes.Parent);
        BinaryPrimitives.WriteUInt32LittleEndian(value[GenerationAt..], attributes.Generation);
        BinaryPrimitives.WriteUInt32LittleEndian(value[ReservedAt..], 0);
    }

    /// <summary>False when the value cannot be an inode; nothing is trusted.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, ulong inode, out InodeAttributes attributes)
    {
        attributes = default;
        if (value.Length != SizeBytes)
        {
            return false;
        }
        attributes.Inode = inode;
        attributes.Mode = BinaryPrimitives.ReadUInt32LittleEndian(value[ModeAt..]);
        attributes.Uid = BinaryPrimitives.ReadUInt32LittleEndian(value[UidAt..]);
        attributes.Gid = BinaryPrimitives.ReadUInt32LittleEndian(value[GidAt..]);
        attributes.Nlink = BinaryPrimitives.ReadUInt32LittleEndian(value[NlinkAt..]);
        attributes.Rdev = BinaryPrimitives.ReadUInt32LittleEndian(value[RdevAt..]);
        attributes.Flags = BinaryPrimitives.ReadUInt32LittleEndian(value[FlagsAt..]);
        attributes.SizeBytes = BinaryPrimitives.ReadInt64LittleEndian(value[SizeAt..]);
        attributes.AllocatedBytes = BinaryPrimitives.ReadInt64LittleEndian(value[AllocatedAt..]);
        attributes.Parent = BinaryPrimitives.ReadUInt64LittleEndian(value[ParentAt..]);
        attributes.Generation = BinaryPrimitives.ReadUInt32LittleEndian(value[GenerationAt..]);
        return TryReadTime(value, AtimeAt, AtimeNsAt, out attributes.Atime)
            & TryReadTime(value, MtimeAt, MtimeNsAt, out attributes.Mtime)
            & TryReadTime(value, CtimeAt, CtimeNsAt, out attributes.Ctime)
            & TryReadTime(value, BtimeAt, BtimeNsAt, out attributes.Btime)
            && IsKnownType(attributes.Mode)
            && attributes.SizeBytes is >= 0 and <= Limits.MaxFileBytes
            && attributes.AllocatedBytes >= 0;
    }

    public static bool IsKnownType(uint mode) => (mode & ~(ModeBits.TypeMask | ModeBits.PermMask)) == 0 && (mode & ModeBits.TypeMask) is
        ModeBits.Regular or ModeBits.Directory or ModeBits.Symlink or ModeBits.Fifo or ModeBits.Socket or ModeBits.Char or ModeBits.Block;

    private static void WriteTime(Span<byte> value, int secondsAt, int nanosecondsAt, Timestamp time)
    {
        BinaryPrimitives.WriteInt64LittleEndian(value[secondsAt..], time.Seconds);
        BinaryPrimitives.WriteUInt32LittleEndian(value[nanosecondsAt..], time.Nanoseconds);
    }

    private static bool TryReadTime(ReadOnlySpan<byte> value, int secondsAt, int nanosecondsAt, out Timestamp time)
    {
        time = new Timestamp(BinaryPrimitives.ReadInt64LittleEndian(value[secondsAt..]), BinaryPrimitives.ReadUInt32LittleEndian(value[nanosecondsAt..]));
        return time.Nanoseconds < 1_000_000_000;
    }
}
