using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Namespace;

/// <summary>Hands entries with their attributes to the sink, in cookie order behind the cursor, until it is full or no entry is left.</summary>
internal readonly struct ReadDirectoryBody<TSink>(NamespaceRoom room, ulong directory, DirectoryCursor cursor, TSink sink) : IReadBody<int>
    where TSink : class, IDirectorySink
{
    [SkipLocalsInit]
    public int Run(ref ReadContext context, out int result)
    {
        result = 0;
        int status = ReadDots(ref context, out bool isDone);
        if (status != 0 || isDone)
        {
            return status;
        }
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        Key last = DirentLookup.KeyOf(directory, DirentRecord.LastCookie);
        while (cursor.Cookie < DirentRecord.LastCookie)
        {
            Key from = DirentLookup.KeyOf(directory, Math.Max(cursor.Cookie + 1, DirentRecord.FirstCookie));
            status = context.SeekAtLeast(from, last, out Key found, buffer, out int lengthBytes);
            if (status != 0)
            {
                return status == -Errno.ENOENT ? 0 : status;
            }
            if (!room.Dirents.TryRead(found, buffer[..lengthBytes], out ulong child, out _, out ReadOnlySpan<byte> name))
            {
                return -Errno.EIO;
            }
            status = room.Inodes.Read(ref context, child, out InodeAttributes attributes);
            if (status is not (0 or -Errno.ENOENT))
            {
                return status;
            }
            // An entry whose inode went away meanwhile is passed over.
            if (status == 0 && !sink.TryAdd(name, attributes, found.Sub))
            {
                return 0;
            }
            cursor.Cookie = found.Sub;
        }
        return 0;
    }

    /// <summary>The two entries that are not stored. Done: the sink is full, or the directory has been removed and so is empty.</summary>
    private int ReadDots(ref ReadContext context, out bool isDone)
    {
        isDone = false;
        if (cursor.Cookie >= DirectoryCursor.DotDot)
        {
            return 0;
        }
        int status = room.Inodes.Read(ref context, directory, out InodeAttributes self);
        if (status != 0 || !self.IsDirectory)
        {
            return status != 0 ? status : -Errno.ENOTDIR;
        }
        if (self.Nlink == 0)
        {
            isDone = true;
            return 0;
        }
        if (cursor.Cookie < DirectoryCursor.Dot)
        {
            isDone = !sink.TryAdd("."u8, self, DirectoryCursor.Dot);
            if (isDone)
            {
                return 0;
            }
            cursor.Cookie = DirectoryCursor.Dot;
        }
        status = room.Inodes.Read(ref context, self.Parent, out InodeAttributes parent);
        if (status is not (0 or -Errno.ENOENT))
        {
            return status;
        }
        // A parent that is not there (a damaged volume) still has a number to show.
        parent = status == 0 ? parent : self with { Inode = self.Parent };
        isDone = !sink.TryAdd(".."u8, parent, DirectoryCursor.DotDot);
        cursor.Cookie = isDone ? cursor.Cookie : DirectoryCursor.DotDot;
        return 0;
    }
}
