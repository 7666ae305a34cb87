using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Namespace;

/// <summary>Puts all chunks of a value anew (one birth), and removes what a longer former value had behind them.</summary>
internal readonly struct SetXattrBody(NamespaceRoom room, ulong inode, NativeSlice name, NativeSlice value, XattrFlags flags) : ICommitBody<int>
{
    public bool MayUseReserve => false;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out int result)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        result = 0;
        int status = room.Inodes.Read(ref context.Reads, inode, out InodeAttributes attributes);
        if (status != 0)
        {
            return status;
        }
        status = room.Xattrs.FindSettled(ref context, inode, name.Span, buffer, out XattrPlace place);
        if (status == 0)
        {
            status = Check(ref context, place, buffer);
        }
        bool isKept = true;
        if (status == 0)
        {
            status = AclRules.OnSet(ref attributes, name.Span, value.Span, (flags & XattrFlags.KillSetGid) != 0, out isKept);
        }
        if (status != 0)
        {
            return status;
        }
        int chunks = !isKept ? 0 : XattrRecord.ChunkCount(value.LengthBytes);
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            int lengthBytes = chunk == 0 ? XattrRecord.WriteFirst(buffer, name.Span, value.Span) : XattrRecord.WriteNext(buffer, chunk, value.Span);
            context.Put(XattrLookup.KeyOf(inode, place.FirstSub + (ulong)chunk), buffer[..lengthBytes]);
        }
        if (place.Exists)
        {
            XattrLookup.Delete(ref context, inode, place, chunks);
        }
        attributes.Ctime = context.Now;
        InodeLookup.Put(ref context, attributes);
        return 0;
    }

    private int Check(ref CommitContext context, in XattrPlace place, scoped Span<byte> buffer)
    {
        if (place.Exists)
        {
            return (flags & XattrFlags.Create) != 0 ? -Errno.EEXIST : 0;
        }
        if ((flags & XattrFlags.Replace) != 0)
        {
            return -Errno.ENODATA;
        }
        return place.HasRoom ? CheckListRoom(ref context, buffer) : -Errno.ENOSPC;
    }

    /// <summary>The list of names must stay within what listxattr can return.</summary>
    private int CheckListRoom(ref CommitContext context, scoped Span<byte> buffer)
    {
        int listBytes = name.LengthBytes + 1;
        for (ulong from = 0; ;)
        {
            int status = XattrLookup.Next(ref context.Reads, inode, from, buffer, out ulong sub, out int foundNameBytes);
            if (status != 0)
            {
                return status switch
                {
                    -Errno.ENOENT => listBytes <= Limits.MaxXattrListBytes ? 0 : -Errno.ENOSPC,
                    -Errno.ESTALE => room.Xattrs.Damaged(inode),
                    _ => status,
                };
            }
            listBytes += foundNameBytes + 1;
            from = XattrRecord.LastChunkSub(sub) + 1;
        }
    }
}
