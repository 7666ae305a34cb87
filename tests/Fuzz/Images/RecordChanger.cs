using System.Buffers.Binary;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>Turns a sound record into one that is wrong in an interesting way: its fields by name, other inodes in place of the right ones, other keys, other lengths.</summary>
internal static class RecordChanger
{
    private static readonly (int Offset, int Width)[] InodeFields =
        [(8, 4), (8, 2), (12, 4), (16, 4), (20, 4), (20, 1), (24, 4), (28, 4), (32, 8), (32, 4), (40, 8), (40, 4), (48, 8), (80, 4), (96, 8), (104, 4)];

    private static readonly (int Offset, int Width)[] ExtentFields = [(8, 8), (8, 4), (16, 4), (20, 4), (24, 4), (28, 4), (32, 1), (33, 1), (34, 2)];

    private static readonly (int Offset, int Width)[] XattrFields = [(8, 4), (8, 2), (12, 1), (13, 1)];

    public static (Key Key, byte[] Value) Change(SeededRandom random, Key key, byte[] value, IReadOnlyList<ulong> inodes)
    {
        byte[] changed = [.. value];
        return random.Below(8) switch
        {
            0 => (ChangeKey(random, key, inodes), changed),
            1 => (key, Resize(random, changed)),
            2 => (key, ChangedAnywhere(random, changed)),
            _ => (key, ChangeField(random, key.Kind, changed, inodes)),
        };
    }

    private static Key ChangeKey(SeededRandom random, Key key, IReadOnlyList<ulong> inodes) => random.Below(5) switch
    {
        0 => key with { Inode = random.Pick(inodes) },
        1 => key with { Inode = HostileNumbers.Draw(random, key.Inode) },
        2 => Key.Of(key.Inode, (RecordKind)random.Below(16), key.Sub),
        3 => Key.Of(key.Inode, key.Kind, HostileNumbers.Draw(random, key.Sub)),
        _ => Key.Of(key.Inode, key.Kind, key.Sub + (ulong)(random.Between(-3, 3) * 4096)),
    };

    private static byte[] Resize(SeededRandom random, byte[] value)
    {
        int length = random.Below(4) switch
        {
            0 => sizeof(ulong),
            1 => value.Length + random.Between(-3, 3),
            2 => Limits.MaxValueBytes,
            _ => random.Between(sizeof(ulong), Limits.MaxValueBytes),
        };
        Array.Resize(ref value, Math.Clamp(length, sizeof(ulong), Limits.MaxValueBytes));
        return value;
    }

    private static byte[] ChangedAnywhere(SeededRandom random, byte[] value)
    {
        HostileNumbers.ChangeAnywhere(random, value);
        return value;
    }

    private static byte[] ChangeField(SeededRandom random, RecordKind kind, byte[] value, IReadOnlyList<ulong> inodes)
    {
        switch (kind)
        {
            case RecordKind.Inode when value.Length == InodeRecord.SizeBytes && random.OneIn(4):
                BinaryPrimitives.WriteUInt64LittleEndian(value.AsSpan(96), random.Pick(inodes));
                break;
            case RecordKind.Inode when value.Length == InodeRecord.SizeBytes && random.OneIn(3):
                // Another type with the same permissions: data where entries belong, and the other way round.
                value[9] = (byte)((value[9] & 0x0F) | (random.Pick([1, 2, 4, 6, 8, 10, 12]) << 4));
                break;
            case RecordKind.Dirent when random.OneIn(2):
                BinaryPrimitives.WriteUInt64LittleEndian(value.AsSpan(DirentRecord.ChildAt), random.Pick(inodes));
                break;
            case RecordKind.Dirent when random.OneIn(2):
                value[DirentRecord.TypeAt] = (byte)random.Pick([1, 2, 4, 6, 8, 10, 12]);
                break;
            default:
                (int Offset, int Width)[] fields = kind switch { RecordKind.Inode => InodeFields, RecordKind.Extent => ExtentFields, RecordKind.Xattr => XattrFields, _ => [] };
                (int offset, int width) = fields.Length == 0 ? (0, 0) : random.Pick(fields);
                if (width == 0 || offset + width > value.Length)
                {
                    HostileNumbers.ChangeAnywhere(random, value);
                }
                else
                {
                    HostileNumbers.Change(random, value, offset, width);
                }
                break;
        }
        return value;
    }
}
