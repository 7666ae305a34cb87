using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Namespace;

/// <summary>
/// Makes an inode of any type and its entry. <paramref name="target"/>: of a symlink, else empty. <paramref name="ticket"/>: not null when
/// the new inode is to be open.
/// </summary>
internal readonly struct CreateBody(NamespaceRoom room, ulong directory, NativeSlice name, NewInode blueprint, NativeSlice target, InodeTicket? ticket) : ICommitBody<InodeAttributes>
{
    public bool MayUseReserve => false;

    public int Run(ref CommitContext context, out InodeAttributes result)
    {
        result = default;
        int status = room.Inodes.ReadDirectory(ref context.Reads, directory, out InodeAttributes parent);
        if (status != 0)
        {
            return status;
        }
        status = room.Dirents.Find(ref context.Reads, directory, name.Span, out DirentPlace place);
        if (status != 0)
        {
            return status;
        }
        bool isDirectory = (blueprint.Mode & ModeBits.TypeMask) == ModeBits.Directory;
        status = place.Exists ? -Errno.EEXIST
            : !place.HasRoom ? -Errno.ENOSPC
            : isDirectory && parent.Nlink >= Limits.MaxLinks ? -Errno.EMLINK
            : 0;
        if (status != 0)
        {
            return status;
        }
        result = blueprint.AttributesIn(parent, context.AllocateInode(), context.Now);
        status = room.Acls.OnCreate(ref context, parent, blueprint.Umask, ref result);
        if (status != 0)
        {
            return status;
        }
        PutSymlinkTarget(ref context, ref result);
        InodeLookup.Put(ref context, result);
        DirentLookup.Put(ref context, place.Key, result.Inode, Format.DirentRecord.TypeOf(result.Mode), name.Span);
        parent.Mtime = parent.Ctime = context.Now;
        parent.Nlink += isDirectory ? 1u : 0;
        InodeLookup.Put(ref context, parent);
        ticket?.Acquire(result.Inode, asOrphan: false);
        return 0;
    }

    [SkipLocalsInit]
    private void PutSymlinkTarget(ref CommitContext context, ref InodeAttributes attributes)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong) + Limits.MaxInlineChunkBytes];
        attributes.SizeBytes = target.LengthBytes;
        ReadOnlySpan<byte> rest = target.Span;
        for (ulong chunk = 0; !rest.IsEmpty; chunk++)
        {
            int partBytes = Math.Min(rest.Length, Limits.MaxInlineChunkBytes);
            rest[..partBytes].CopyTo(value[sizeof(ulong)..]);
            context.Put(Key.Of(attributes.Inode, RecordKind.Inline, chunk), value[..(sizeof(ulong) + partBytes)]);
            rest = rest[partBytes..];
        }
    }
}

/// <summary>Makes a file without a name, open: an orphan until it is linked.</summary>
internal readonly struct CreateTemporaryBody(NamespaceRoom room, ulong directory, NewInode blueprint, InodeTicket ticket) : ICommitBody<InodeAttributes>
{
    public bool MayUseReserve => false;

    public int Run(ref CommitContext context, out InodeAttributes result)
    {
        result = default;
        int status = room.Inodes.ReadDirectory(ref context.Reads, directory, out InodeAttributes parent);
        if (status != 0)
        {
            return status;
        }
        result = blueprint.AttributesIn(parent, context.AllocateInode(), context.Now);
        result.Nlink = 0;
        status = room.Acls.OnCreate(ref context, parent, blueprint.Umask, ref result);
        if (status != 0)
        {
            return status;
        }
        InodeLookup.Put(ref context, result);
        InodeRemoval.PutOrphan(ref context, result.Inode);
        ticket.Acquire(result.Inode, asOrphan: true);
        return 0;
    }
}
