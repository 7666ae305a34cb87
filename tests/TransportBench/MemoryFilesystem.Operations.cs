using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;

namespace Txlfs.TransportBench;

/// <summary>The operations. Results: the length of the reply's body, or a negative errno. Names are used up before the reply is written over them.</summary>
internal sealed partial class MemoryFilesystem
{
    private const uint RenameNoReplace = 1;
    private const ulong MaxFileBytes = 1UL << 36;

    private int Lookup(FuseRequest request, MemoryNode parent)
    {
        if (!TryNames(request.Payload, out ReadOnlySpan<byte> name, out _, 1))
            return -Errno.EINVAL;
        lock (_lock)
        {
            if (parent.Directory is not { } directory)
                return -Errno.ENOTDIR;
            if (directory.TryFind(name, out MemoryNode? node))
                return ReplyEntry(request, node);
        }
        return Body(request, new FuseEntryOut { EntryValidS = CacheS });
    }

    private static int SetAttr(FuseRequest request, MemoryNode node)
    {
        var wanted = Argument<FuseSetAttrIn>(request);
        if ((wanted.Valid & FuseSetAttrValid.Size) != 0 && wanted.SizeBytes > MaxFileBytes)
            return -Errno.EFBIG;
        lock (node)
        {
            if ((wanted.Valid & FuseSetAttrValid.Mode) != 0)
                node.Attr.Mode = (node.Attr.Mode & MemoryNode.TypeMask) | (wanted.Mode & ~MemoryNode.TypeMask);
            if ((wanted.Valid & FuseSetAttrValid.Uid) != 0)
                node.Attr.Uid = wanted.Uid;
            if ((wanted.Valid & FuseSetAttrValid.Gid) != 0)
                node.Attr.Gid = wanted.Gid;
            if ((wanted.Valid & FuseSetAttrValid.Size) != 0)
                node.Truncate(wanted.SizeBytes);
            if ((wanted.Valid & FuseSetAttrValid.ATime) != 0)
                (node.Attr.ATimeS, node.Attr.ATimeNs) = (wanted.ATimeS, wanted.ATimeNs);
            if ((wanted.Valid & FuseSetAttrValid.MTime) != 0)
                (node.Attr.MTimeS, node.Attr.MTimeNs) = (wanted.MTimeS, wanted.MTimeNs);
            if ((wanted.Valid & FuseSetAttrValid.CTime) != 0)
                (node.Attr.CTimeS, node.Attr.CTimeNs) = (wanted.CTimeS, wanted.CTimeNs);
        }
        return ReplyAttr(request, node);
    }

    private int MkNod(FuseRequest request, MemoryNode parent) => Add(request, parent, Argument<FuseMkNodIn>(request).Mode, isCreate: false);

    private int MkDir(FuseRequest request, MemoryNode parent) =>
        Add(request, parent, MemoryNode.DirectoryType | (Argument<FuseMkDirIn>(request).Mode & 0xFFF), isCreate: false);

    private int Create(FuseRequest request, MemoryNode parent) => Add(request, parent, Argument<FuseCreateIn>(request).Mode, isCreate: true);

    private int Add(FuseRequest request, MemoryNode parent, uint mode, bool isCreate)
    {
        if (!TryNames(request.Payload, out ReadOnlySpan<byte> name, out _, 1))
            return -Errno.EINVAL;
        lock (_lock)
        {
            if (parent.Directory is not { } directory)
                return -Errno.ENOTDIR;
            if (directory.TryFind(name, out _))
                return -Errno.EEXIST;
            MemoryNode node = NewNode(request, mode);
            directory.Set(name, node);
            if (node.IsDirectory)
                parent.Attr.NLink++;
            node.LookupCount++;
            return isCreate ? Body(request, new FuseCreateOut { Entry = Entry(node), Open = OpenReply }) : Body(request, Entry(node));
        }
    }

    private int SymLink(FuseRequest request, MemoryNode parent)
    {
        if (!TryNames(request.Payload, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> target, 2))
            return -Errno.EINVAL;
        lock (_lock)
        {
            if (parent.Directory is not { } directory)
                return -Errno.ENOTDIR;
            if (directory.TryFind(name, out _))
                return -Errno.EEXIST;
            MemoryNode node = NewNode(request, MemoryNode.SymlinkType | 0x1FF);
            node.LinkTarget = target.ToArray();
            node.Attr.SizeBytes = (ulong)target.Length;
            directory.Set(name, node);
            return ReplyEntry(request, node);
        }
    }

    private static int ReadLink(FuseRequest request, MemoryNode node)
    {
        node.LinkTarget.CopyTo(request.ReplyMemory.Span);
        return node.LinkTarget.Length;
    }

    private int Link(FuseRequest request, MemoryNode parent)
    {
        if (!TryNames(request.Payload, out ReadOnlySpan<byte> name, out _, 1))
            return -Errno.EINVAL;
        lock (_lock)
        {
            if (NodeOrNull(Argument<FuseLinkIn>(request).OldNodeId) is not { } node)
                return -Errno.ESTALE;
            if (parent.Directory is not { } directory)
                return -Errno.ENOTDIR;
            if (directory.TryFind(name, out _))
                return -Errno.EEXIST;
            directory.Set(name, node);
            node.Attr.NLink++;
            return ReplyEntry(request, node);
        }
    }

    private int Remove(FuseRequest request, MemoryNode parent, bool wantsDirectory)
    {
        if (!TryNames(request.Payload, out ReadOnlySpan<byte> name, out _, 1))
            return -Errno.EINVAL;
        lock (_lock)
        {
            if (parent.Directory is not { } directory || !directory.TryFind(name, out MemoryNode? node))
                return -Errno.ENOENT;
            if (node.IsDirectory != wantsDirectory)
                return wantsDirectory ? -Errno.ENOTDIR : -Errno.EISDIR;
            if (node.Directory is { Count: > 0 })
                return -Errno.ENOTEMPTY;
            directory.Remove(name);
            Unreference(parent, node);
            return 0;
        }
    }

    private int Rename(FuseRequest request, MemoryNode oldParent, ulong newParentId, uint flags)
    {
        if (!TryNames(request.Payload, out ReadOnlySpan<byte> oldName, out ReadOnlySpan<byte> newName, 2))
            return -Errno.EINVAL;
        if ((flags & ~RenameNoReplace) != 0)
            return -Errno.EINVAL;
        lock (_lock)
        {
            if (NodeOrNull(newParentId) is not { Directory: { } newDirectory } newParent || oldParent.Directory is not { } oldDirectory)
                return -Errno.ENOTDIR;
            if (!oldDirectory.TryFind(oldName, out MemoryNode? node))
                return -Errno.ENOENT;
            bool replaces = newDirectory.TryFind(newName, out MemoryNode? replaced);
            if (replaces && flags == RenameNoReplace)
                return -Errno.EEXIST;
            if (replaced == node)
                return 0;
            if (replaced?.Directory is { Count: > 0 })
                return -Errno.ENOTEMPTY;
            oldDirectory.Remove(oldName);
            newDirectory.Set(newName, node);
            if (replaced is not null)
                Unreference(newParent, replaced);
            if (node.IsDirectory)
            {
                oldParent.Attr.NLink--;
                newParent.Attr.NLink++;
            }
            return 0;
        }
    }

    private void Unreference(MemoryNode parent, MemoryNode node)
    {
        node.Attr.NLink = node.IsDirectory ? 0 : node.Attr.NLink - 1;
        if (node.IsDirectory)
            parent.Attr.NLink--;
        ReleaseIfUnused(node);
    }

    private static int Read(FuseRequest request, MemoryNode node)
    {
        var wanted = Argument<FuseReadIn>(request);
        lock (node)
            return node.Read(wanted.OffsetBytes, request.ReplyMemory.Span[..(int)wanted.SizeBytes]);
    }

    private static int Write(FuseRequest request, MemoryNode node)
    {
        var wanted = Argument<FuseWriteIn>(request);
        if (wanted.OffsetBytes > MaxFileBytes - wanted.SizeBytes)
            return -Errno.EFBIG;
        lock (node)
            node.Write(wanted.OffsetBytes, request.Payload.Span[..(int)wanted.SizeBytes]);
        return Body(request, new FuseWriteOut { SizeBytes = wanted.SizeBytes });
    }

    private int ReadDir(FuseRequest request, MemoryNode node, bool isPlus)
    {
        var wanted = Argument<FuseReadIn>(request);
        if (node.Directory is not { } directory)
            return -Errno.ENOTDIR;
        var writer = new DirentWriter(request.ReplyMemory.Slice(0, (int)wanted.SizeBytes));
        lock (_lock)
        {
            for (ulong place = wanted.OffsetBytes; directory.TryNext(ref place, out MemoryDirectory.Entry entry); place++)
            {
                MemoryNode child = entry.Node!;
                bool fits = isPlus
                    ? writer.TryAppendPlus(entry.Name, Entry(child), place + 1)
                    : writer.TryAppend(entry.Name, child.Attr.Ino, place + 1, child.Attr.Mode);
                if (!fits)
                    break;
                if (isPlus)
                    child.LookupCount++;
            }
        }
        return writer.WrittenBytes;
    }
}
