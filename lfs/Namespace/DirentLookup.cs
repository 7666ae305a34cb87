using System.Numerics;
using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Namespace;

/// <summary>A directory entry that was found; or, where it was not, the key that it would get (none when all slots are taken).</summary>
internal readonly record struct DirentPlace(Key Key, ulong Child, byte Type, bool HasRoom)
{
    public bool Exists => Child != 0;
    public bool IsDirectory => Type == ModeBits.Directory >> 12;
}

/// <summary>Finds directory entries by name: the slots of the name's hash are scanned and names compared.</summary>
internal sealed class DirentLookup(ILogSink log, NameHasher hasher)
{
    public static Key KeyOf(ulong directory, ulong cookie) => Key.Of(directory, RecordKind.Dirent, cookie);

    /// <summary>0 whether or not there is such an entry (see <see cref="DirentPlace.Exists"/>), -EIO, or <see cref="Op.Miss"/>.</summary>
    [SkipLocalsInit]
    public int Find(ref ReadContext context, ulong directory, scoped ReadOnlySpan<byte> name, out DirentPlace place)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        ulong first = DirentRecord.FirstCookieOf(hasher.Hash(name));
        Key last = KeyOf(directory, first + DirentRecord.Slots - 1);
        uint free = (1u << DirentRecord.Slots) - 1;
        for (ulong cookie = first; cookie <= last.Sub;)
        {
            int status = context.SeekAtLeast(KeyOf(directory, cookie), last, out Key found, buffer, out int lengthBytes);
            if (status == -Errno.ENOENT)
            {
                break;
            }
            if (status != 0 || !TryRead(found, buffer[..lengthBytes], out ulong child, out byte type, out ReadOnlySpan<byte> foundName))
            {
                place = default;
                return status != 0 ? status : -Errno.EIO;
            }
            if (foundName.SequenceEqual(name))
            {
                place = new DirentPlace(found, child, type, true);
                return 0;
            }
            free &= ~(1u << (int)(found.Sub - first));
            cookie = found.Sub + 1;
        }
        place = new DirentPlace(KeyOf(directory, first + (ulong)BitOperations.TrailingZeroCount(free)), 0, 0, free != 0);
        return 0;
    }

    /// <summary>-ENOTEMPTY, 0, -EIO, or <see cref="Op.Miss"/>.</summary>
    [SkipLocalsInit]
    public static int CheckEmpty(ref ReadContext context, ulong directory)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = context.SeekAtLeast(KeyOf(directory, 0), KeyOf(directory, Key.SubMask), out _, buffer, out _);
        return status switch
        {
            0 => -Errno.ENOTEMPTY,
            -Errno.ENOENT => 0,
            _ => status,
        };
    }

    /// <summary>False, and a log line, when the record is damaged.</summary>
    public bool TryRead(Key key, ReadOnlySpan<byte> value, out ulong child, out byte type, out ReadOnlySpan<byte> name)
    {
        if (DirentRecord.TryRead(value, out child, out type, out name))
        {
            return true;
        }
        log.Write(LogSeverity.Error, $"directory {key.Inode}: the record of entry {key.Sub:x} is damaged ({value.Length} bytes)");
        return false;
    }

    [SkipLocalsInit]
    public static void Put(ref CommitContext context, Key key, ulong child, byte type, scoped ReadOnlySpan<byte> name)
    {
        Span<byte> value = stackalloc byte[DirentRecord.MaxSizeBytes];
        context.Put(key, value[..DirentRecord.Write(value, child, type, name)]);
    }
}
