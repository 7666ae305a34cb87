using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Namespace;

/// <summary>Copies a symlink's target, cut to the destination as readlink(2) does.</summary>
internal readonly struct ReadLinkBody(NamespaceRoom room, ulong inode, NativeSlice destination) : ISuspectBody<int>
{
    [SkipLocalsInit]
    public int Run(ref ReadContext context, out int result)
    {
        result = 0;
        int status = room.Inodes.Read(ref context, inode, out InodeAttributes attributes);
        if (status != 0 || !attributes.IsSymlink)
        {
            return status != 0 ? status : -Errno.EINVAL;
        }
        if (attributes.SizeBytes > Limits.MaxSymlinkBytes)
        {
            return -Errno.ESTALE;
        }
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int rest = (int)attributes.SizeBytes;
        for (ulong chunk = 0; rest > 0; chunk++)
        {
            status = context.Get(Key.Of(inode, RecordKind.Inline, chunk), buffer, out int lengthBytes);
            int partBytes = Math.Min(rest, Limits.MaxInlineChunkBytes);
            if (status is 0 && lengthBytes != sizeof(ulong) + partBytes)
            {
                return -Errno.ESTALE;
            }
            if (status != 0)
            {
                return status == -Errno.ENOENT ? -Errno.ESTALE : status;
            }
            Span<byte> free = destination.Span[result..];
            int taken = Math.Min(partBytes, free.Length);
            buffer.Slice(sizeof(ulong), taken).CopyTo(free);
            result += taken;
            rest -= partBytes;
        }
        return 0;
    }

    public void LogDamage(in int result) => room.Log.Write(LogSeverity.Error, $"symlink {inode}: its target is missing or damaged");
}
