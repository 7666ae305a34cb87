using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs.Verify;

/// <summary>One repair of records as one commit. The result says whether there is more of the same to do.</summary>
internal readonly struct RepairBody(RepairStep step) : ICommitBody<bool>
{
    private const int BatchRecords = 256;

    public bool MayUseReserve => true;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out bool hasMore)
    {
        hasMore = false;
        ulong inode = step.Key.Inode;
        switch (step.Action)
        {
            case RepairAction.DropRecords:
                return DropRange(ref context, step.Key, step.Last, out hasMore);
            case RepairAction.DropInode:
                return DropInode(ref context, inode, out hasMore);
            case RepairAction.PutOrphan:
                InodeRemoval.PutOrphan(ref context, inode);
                return 0;
            case RepairAction.SetEntryType:
                return SetEntryType(ref context);
            case RepairAction.MakeRoot:
                MakeRoot(ref context);
                return 0;
            default:
                return SetField(ref context, inode);
        }
    }

    [SkipLocalsInit]
    private static int DropRange(ref CommitContext context, Key first, Key last, out bool hasMore)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        hasMore = false;
        for (int i = 0; i < BatchRecords; i++)
        {
            int status = context.SeekAtLeast(first, last, out Key found, buffer, out _);
            if (status != 0)
            {
                return status == -Errno.ENOENT ? 0 : status;
            }
            context.Delete(found);
            if (found == last)
            {
                return 0;
            }
            first = found.Tail == ulong.MaxValue ? new Key(found.Inode + 1, 0) : found with { Tail = found.Tail + 1 };
        }
        hasMore = true;
        return 0;
    }

    /// <summary>What hangs on it first, the inode itself with the last batch: a crash in between leaves what the next check drops.</summary>
    private static int DropInode(ref CommitContext context, ulong inode, out bool hasMore)
    {
        int status = DropRange(ref context, new Key(inode, 1), new Key(inode, ulong.MaxValue), out hasMore);
        if (status == 0 && !hasMore)
        {
            context.Delete(Key.Of(inode, RecordKind.Inode, 0));
            context.Delete(InodeRemoval.OrphanKeyOf(inode));
            context.Delete(InodeRemoval.TrimKeyOf(inode));
        }
        return status;
    }

    [SkipLocalsInit]
    private int SetEntryType(ref CommitContext context)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = Read(ref context, step.Amount, buffer, out InodeAttributes child);
        if (status != 0)
        {
            return status;
        }
        status = context.Get(step.Key, buffer, out int length);
        if (status == 0)
        {
            buffer[DirentRecord.TypeAt] = DirentRecord.TypeOf(child.Mode);
            context.Put(step.Key, buffer[..length]);
        }
        return status;
    }

    [SkipLocalsInit]
    private int SetField(ref CommitContext context, ulong inode)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = Read(ref context, inode, buffer, out InodeAttributes attributes);
        if (status != 0)
        {
            return status;
        }
        switch (step.Action)
        {
            case RepairAction.SetLinks:
                attributes.Nlink = (uint)Math.Min(step.Amount, uint.MaxValue);
                if (step.Amount > 0)
                {
                    context.Delete(InodeRemoval.OrphanKeyOf(inode));
                }
                break;
            case RepairAction.SetParent:
                attributes.Parent = step.Amount;
                break;
            case RepairAction.SetAllocatedBytes:
                attributes.AllocatedBytes = (long)step.Amount;
                break;
            default:
                return -Errno.EINVAL;
        }
        InodeLookup.Put(ref context, attributes);
        return 0;
    }

    private static void MakeRoot(ref CommitContext context)
    {
        InodeLookup.Put(ref context, new InodeAttributes
        {
            Inode = Limits.RootInode,
            Mode = ModeBits.Directory | 0x1ED,
            Nlink = 2,
            Parent = Limits.RootInode,
            Generation = NewInode.Generation,
            Atime = context.Now,
            Mtime = context.Now,
            Ctime = context.Now,
            Btime = context.Now,
        });
    }

    internal static int Read(ref CommitContext context, ulong inode, scoped Span<byte> buffer, out InodeAttributes attributes)
    {
        attributes = default;
        int status = context.Get(Key.Of(inode, RecordKind.Inode, 0), buffer, out int length);
        return status != 0 || InodeRecord.TryRead(buffer[..length], inode, out attributes) ? status : -Errno.EUCLEAN;
    }
}

/// <summary>Gives an inode a name in lost+found; a directory loses the one that it had (the entry at <paramref name="oldEntry"/>). True: the name is taken.</summary>
internal readonly struct ReconnectBody(DirentLookup dirents, ulong inode, ulong lostAndFound, byte[] name, Key? oldEntry) : ICommitBody<bool>
{
    public bool MayUseReserve => true;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out bool isTaken)
    {
        isTaken = false;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = RepairBody.Read(ref context, lostAndFound, buffer, out InodeAttributes parent);
        status = status != 0 ? status : RepairBody.Read(ref context, inode, buffer, out _);
        if (status != 0)
        {
            return status;
        }
        RepairBody.Read(ref context, inode, buffer, out InodeAttributes attributes);
        status = dirents.Find(ref context.Reads, lostAndFound, name, out DirentPlace place);
        if (status != 0)
        {
            return status;
        }
        if (place.Exists || !place.HasRoom)
        {
            isTaken = true;
            return 0;
        }
        attributes.Parent = lostAndFound;
        parent.Nlink += attributes.IsDirectory ? 1u : 0;
        parent.Mtime = parent.Ctime = context.Now;
        InodeLookup.Put(ref context, attributes);
        if (oldEntry is { } old)
        {
            context.Delete(old);
        }
        DirentLookup.Put(ref context, place.Key, inode, DirentRecord.TypeOf(attributes.Mode), name);
        InodeLookup.Put(ref context, parent);
        return 0;
    }
}
