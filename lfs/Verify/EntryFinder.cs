using System.Runtime.CompilerServices;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify;

/// <summary>The name of an inode in a directory, and from that its path: only for people, so it gives up early.</summary>
internal sealed class EntryFinder(VolumeEngine engine)
{
    private const int MaxEntries = 100_000;
    private const int MaxDepth = 256;
    private readonly byte[] _value = new byte[Limits.MaxValueBytes];
    private int _length;

    /// <summary>The entry of the child; null when it is not among the first hundred thousand.</summary>
    public async ValueTask<(Key Key, byte[] Name)?> FindAsync(ulong directory, ulong child, int maxEntries = MaxEntries)
    {
        Key from = Key.Of(directory, RecordKind.Dirent, 0);
        Key last = Key.Of(directory, RecordKind.Dirent, Key.SubMask);
        for (int i = 0; i < maxEntries; i++)
        {
            OpResult<(Key Found, int Length)> next = await engine.ReadAsync<NextEntry, (Key, int)>(new NextEntry(from, last, _value)).ConfigureAwait(false);
            if (!next.IsOk)
            {
                return null;
            }
            _length = next.Value.Length;
            if (TryName(child, out byte[] name))
            {
                return (next.Value.Found, name);
            }
            if (next.Value.Found == last)
            {
                return null;
            }
            from = next.Value.Found with { Tail = next.Value.Found.Tail + 1 };
        }
        return null;
    }

    private bool TryName(ulong child, out byte[] name)
    {
        bool isIt = DirentRecord.TryRead(_value.AsSpan(0, _length), out ulong found, out _, out ReadOnlySpan<byte> bytes) && found == child;
        name = isIt ? bytes.ToArray() : [];
        return isIt;
    }

    /// <summary>The path from the volume's root, or null.</summary>
    public async ValueTask<string?> PathAsync(ulong inode)
    {
        string path = "";
        for (int depth = 0; depth < MaxDepth && inode != Limits.RootInode; depth++)
        {
            OpResult<InodeAttributes> attributes = await engine.ReadAsync<InodeProbe, InodeAttributes>(new InodeProbe(inode)).ConfigureAwait(false);
            if (!attributes.IsOk || await FindAsync(attributes.Value.Parent, inode).ConfigureAwait(false) is not var (_, name))
            {
                return null;
            }
            path = "/" + LinkChecker.Printable(name).Trim('"') + path;
            inode = attributes.Value.Parent;
        }
        return inode == Limits.RootInode ? path.Length == 0 ? "/" : path : null;
    }

    private readonly struct NextEntry(Key from, Key last, byte[] value) : IReadBody<(Key, int)>
    {
        [SkipLocalsInit]
        public int Run(ref ReadContext context, out (Key, int) result)
        {
            int status = context.SeekAtLeast(from, last, out Key found, value, out int length);
            result = (found, length);
            return status;
        }
    }
}
