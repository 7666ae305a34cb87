using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Namespace;

/// <summary>Reads inode records. 0, -ENOENT, -EIO (and a log line) or <see cref="Op.Miss"/>.</summary>
internal sealed class InodeLookup(ILogSink log)
{
    public static Key KeyOf(ulong inode) => Key.Of(inode, RecordKind.Inode, 0);

    [SkipLocalsInit]
    public int Read(ref ReadContext context, ulong inode, out InodeAttributes attributes)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        attributes = default;
        int status = context.Get(KeyOf(inode), buffer, out int lengthBytes);
        if (status == 0 && !InodeRecord.TryRead(buffer[..lengthBytes], inode, out attributes))
        {
            log.Write(LogSeverity.Error, $"inode {inode}: its record of {lengthBytes} bytes is damaged");
            status = -Errno.EIO;
        }
        return status;
    }

    /// <summary>Also -ENOTDIR, and -ENOENT for a directory that has been removed: nothing can be looked up or made in it.</summary>
    public int ReadDirectory(ref ReadContext context, ulong inode, out InodeAttributes attributes)
    {
        int status = Read(ref context, inode, out attributes);
        if (status != 0)
        {
            return status;
        }
        if (!attributes.IsDirectory)
        {
            return -Errno.ENOTDIR;
        }
        return attributes.Nlink == 0 ? -Errno.ENOENT : 0;
    }

    /// <summary>
    /// The inode that a directory entry names, in a commit: entry and inode are of one state there, so an entry without its inode is damage.
    /// </summary>
    public int ReadChild(ref ReadContext context, ulong directory, ulong child, out InodeAttributes attributes)
    {
        int status = Read(ref context, child, out attributes);
        if (status == -Errno.ENOENT)
        {
            LogMissingChild(directory, child);
            return -Errno.EIO;
        }
        return status;
    }

    /// <summary>
    /// -EINVAL when the directory is the other one or lies below it: walks up to the root. A damaged volume's circle is found (Brent) and is -EIO.
    /// </summary>
    public int CheckIsOutside(ref ReadContext context, ulong directory, ulong other)
    {
        ulong mark = 0;
        long steps = 0, markAtSteps = 1;
        for (ulong at = directory; ; steps++)
        {
            if (at == other)
            {
                return -Errno.EINVAL;
            }
            if (at == Limits.RootInode)
            {
                return 0;
            }
            int status = Read(ref context, at, out InodeAttributes attributes);
            if (status is not (0 or -Errno.ENOENT))
            {
                return status;
            }
            if (status != 0 || !attributes.IsDirectory || at == mark)
            {
                log.Write(LogSeverity.Error, $"directory {directory}: its chain of parents does not lead to the root, at inode {at}");
                return -Errno.EIO;
            }
            if (steps == markAtSteps)
            {
                mark = at;
                markAtSteps *= 2;
            }
            at = attributes.Parent;
        }
    }

    public void LogMissingChild(ulong directory, ulong child)
        => log.Write(LogSeverity.Error, $"directory {directory} names inode {child}, which does not exist");

    [SkipLocalsInit]
    public static void Put(ref CommitContext context, in InodeAttributes attributes)
    {
        Span<byte> value = stackalloc byte[InodeRecord.SizeBytes];
        InodeRecord.Write(value, attributes);
        context.Put(KeyOf(attributes.Inode), value);
    }
}
