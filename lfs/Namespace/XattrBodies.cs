using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Namespace;

/// <summary>Copies an attribute's value; an empty destination only asks for the length.</summary>
internal readonly struct GetXattrBody(NamespaceRoom room, ulong inode, NativeSlice name, NativeSlice destination) : ISuspectBody<int>
{
    [SkipLocalsInit]
    public int Run(ref ReadContext context, out int result)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        result = 0;
        int status = room.Xattrs.Find(ref context, inode, name.Span, buffer, out XattrPlace place);
        if (status != 0)
        {
            return status;
        }
        if (!place.Exists)
        {
            return -Errno.ENODATA;
        }
        result = place.TotalBytes;
        if (destination.IsEmpty)
        {
            return 0;
        }
        if (destination.LengthBytes < place.TotalBytes)
        {
            return -Errno.ERANGE;
        }
        buffer.Slice(XattrRecord.NameAt + name.LengthBytes, XattrRecord.PartLength(0, place.TotalBytes)).CopyTo(destination.Span);
        for (int chunk = 1; chunk < XattrRecord.ChunkCount(place.TotalBytes); chunk++)
        {
            status = context.Get(XattrLookup.KeyOf(inode, place.FirstSub + (ulong)chunk), buffer, out int lengthBytes);
            if (status is not (0 or -Errno.ENOENT))
            {
                return status;
            }
            // A part of another birth is of another value: a commit is replacing it just now.
            if (status != 0 || !XattrRecord.TryReadNext(buffer[..lengthBytes], chunk, place.TotalBytes, out ulong birth, out ReadOnlySpan<byte> part) || birth != place.Birth)
            {
                return -Errno.ESTALE;
            }
            part.CopyTo(destination.Span[XattrRecord.PartStart(chunk)..]);
        }
        return 0;
    }

    public void LogDamage(in int result) => room.Xattrs.Damaged(inode);
}

/// <summary>All names, each with a NUL behind it; an empty destination only asks for the length.</summary>
internal readonly struct ListXattrBody(NamespaceRoom room, ulong inode, NativeSlice destination) : ISuspectBody<int>
{
    [SkipLocalsInit]
    public int Run(ref ReadContext context, out int result)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        result = 0;
        for (ulong from = 0; ;)
        {
            int status = XattrLookup.Next(ref context, inode, from, buffer, out ulong sub, out int nameBytes);
            if (status != 0)
            {
                return status == -Errno.ENOENT ? 0 : status;
            }
            if (!destination.IsEmpty)
            {
                Span<byte> free = destination.Span[result..];
                if (free.Length <= nameBytes)
                {
                    return -Errno.ERANGE;
                }
                buffer.Slice(XattrRecord.NameAt, nameBytes).CopyTo(free);
                free[nameBytes] = 0;
            }
            result += nameBytes + 1;
            from = XattrRecord.LastChunkSub(sub) + 1;
        }
    }

    public void LogDamage(in int result) => room.Xattrs.Damaged(inode);
}

internal readonly struct RemoveXattrBody(NamespaceRoom room, ulong inode, NativeSlice name) : ICommitBody<int>
{
    public bool MayUseReserve => true;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out int result)
    {
        result = 0;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = room.Inodes.Read(ref context.Reads, inode, out InodeAttributes attributes);
        XattrPlace place = default;
        if (status == 0)
        {
            status = room.Xattrs.FindSettled(ref context, inode, name.Span, buffer, out place);
        }
        if (status != 0 || !place.Exists)
        {
            return status != 0 ? status : -Errno.ENODATA;
        }
        XattrLookup.Delete(ref context, inode, place, 0);
        AclRules.OnRemove(ref attributes, name.Span);
        attributes.Ctime = context.Now;
        InodeLookup.Put(ref context, attributes);
        return 0;
    }
}
