using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Namespace;

/// <summary>What is done by name: look up, make, link, remove, rename, list.</summary>
internal sealed class Directories(NamespaceRoom room)
{
    private const int KeptCursors = 64;
    private readonly ObjectPool<DirectoryCursor> _cursors = new(() => new DirectoryCursor(), KeptCursors);

    public ValueTask<OpResult<InodeAttributes>> LookupAsync(ulong parent, NativeSlice name)
    {
        int errno = NameRules.Check(name);
        return errno != 0 ? Fail(errno) : SettledReads.ReadAsync<LookupBody, InodeAttributes>(room, new LookupBody(room, parent, name));
    }

    public ValueTask<OpResult<InodeAttributes>> CreateAsync(ulong parent, NativeSlice name, NewInode blueprint, bool open)
    {
        // Bits that no mode has would make a record that nobody can read again.
        blueprint = blueprint with { Mode = blueprint.Mode & (ModeBits.TypeMask | ModeBits.PermMask) };
        uint type = blueprint.Mode & ModeBits.TypeMask;
        if (type == 0)
        {
            blueprint = blueprint with { Mode = blueprint.Mode | ModeBits.Regular }; // as mknod(2) reads it
        }
        bool isDevice = type is ModeBits.Char or ModeBits.Block;
        if (!isDevice)
        {
            blueprint = blueprint with { Rdev = 0 };
        }
        if (!isDevice && type is not (0 or ModeBits.Regular or ModeBits.Fifo or ModeBits.Socket))
        {
            return Fail(type == ModeBits.Directory ? Errno.EPERM : Errno.EINVAL);
        }
        return CreateAnyAsync(parent, name, blueprint, default, isDevice || type is ModeBits.Fifo or ModeBits.Socket ? CommitKind.Mknod : CommitKind.Create, open);
    }

    public ValueTask<OpResult<InodeAttributes>> MakeDirectoryAsync(ulong parent, NativeSlice name, NewInode blueprint)
        => CreateAnyAsync(parent, name, blueprint with { Mode = (blueprint.Mode & ModeBits.PermMask) | ModeBits.Directory }, default, CommitKind.Mkdir, open: false);

    public ValueTask<OpResult<InodeAttributes>> SymlinkAsync(ulong parent, NativeSlice name, NativeSlice target, Caller caller)
    {
        int errno = target.LengthBytes > Limits.MaxSymlinkBytes ? Errno.ENAMETOOLONG
            : target.IsEmpty ? Errno.ENOENT
            : target.Span.Contains((byte)0) ? Errno.EINVAL
            : 0;
        return errno != 0 ? Fail(errno) : CreateAnyAsync(parent, name, new NewInode(ModeBits.Symlink | 0x1FF, 0, caller, 0), target, CommitKind.Symlink, open: false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<OpResult<InodeAttributes>> CreateAnyAsync(ulong parent, NativeSlice name, NewInode blueprint, NativeSlice target, CommitKind kind, bool open)
    {
        int errno = NameRules.Check(name, errnoOfDots: Errno.EEXIST);
        if (errno != 0)
        {
            return OpResult<InodeAttributes>.Fail(errno);
        }
        InodeTicket? ticket = open ? room.Tickets.Rent() : null;
        OpResult<InodeAttributes> result = await room.Engine.CommitAsync<CreateBody, InodeAttributes>(
            new CreateBody(room, parent, name, blueprint, target, ticket), blueprint.Caller, kind);
        if (ticket is not null)
        {
            room.Settle(ticket, result.IsOk);
        }
        return result;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<OpResult<InodeAttributes>> CreateTemporaryAsync(ulong parent, NewInode blueprint)
    {
        blueprint = blueprint with { Mode = (blueprint.Mode & ModeBits.PermMask) | ModeBits.Regular };
        InodeTicket ticket = room.Tickets.Rent();
        OpResult<InodeAttributes> result = await room.Engine.CommitAsync<CreateTemporaryBody, InodeAttributes>(
            new CreateTemporaryBody(room, parent, blueprint, ticket), blueprint.Caller, CommitKind.Tmpfile);
        room.Settle(ticket, result.IsOk);
        return result;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<OpResult<InodeAttributes>> LinkAsync(ulong inode, ulong parent, NativeSlice name, Caller caller)
    {
        int errno = NameRules.Check(name, errnoOfDots: Errno.EEXIST);
        if (errno != 0)
        {
            return OpResult<InodeAttributes>.Fail(errno);
        }
        return await room.Engine.CommitAsync<LinkBody, InodeAttributes>(new LinkBody(room, inode, parent, name), caller, CommitKind.Link);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> UnlinkAsync(ulong parent, NativeSlice name, Caller caller, bool isRemoveDirectory)
    {
        int errno = NameRules.Check(name, errnoOfDots: !isRemoveDirectory ? Errno.EISDIR : NameRules.IsDot(name.Span) ? Errno.EINVAL : Errno.ENOTEMPTY);
        if (errno != 0)
        {
            return -errno;
        }
        InodeTicket ticket = room.Tickets.Rent();
        OpResult<RemovalOutcome> result = await room.Engine.CommitAsync<UnlinkBody, RemovalOutcome>(
            new UnlinkBody(room, parent, name, isRemoveDirectory, ticket), caller, isRemoveDirectory ? CommitKind.Rmdir : CommitKind.Unlink);
        return Finish(ticket, result);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> RenameAsync(ulong oldParent, NativeSlice oldName, ulong newParent, NativeSlice newName, RenameFlags flags, Caller caller)
    {
        int errno = CheckFlags(flags);
        errno = errno != 0 ? errno : NameRules.Check(oldName, errnoOfDots: Errno.EBUSY);
        errno = errno != 0 ? errno : NameRules.Check(newName, errnoOfDots: Errno.EBUSY);
        if (errno != 0)
        {
            return -errno;
        }
        InodeTicket ticket = room.Tickets.Rent();
        OpResult<RemovalOutcome> result = await room.Engine.CommitAsync<RenameBody, RemovalOutcome>(
            new RenameBody(room, oldParent, oldName, newParent, newName, flags, caller, ticket), caller, CommitKind.Rename);
        return Finish(ticket, result);
    }

    /// <summary>0 or -errno; the sink has what it took.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync<TSink>(ulong inode, ulong cookie, TSink sink) where TSink : class, IDirectorySink
    {
        DirectoryCursor cursor = _cursors.Rent();
        cursor.Cookie = cookie;
        OpResult<int> result = await room.Engine.ReadAsync<ReadDirectoryBody<TSink>, int>(new ReadDirectoryBody<TSink>(room, inode, cursor, sink));
        _cursors.Return(cursor);
        return -result.Errno;
    }

    private int Finish(InodeTicket ticket, in OpResult<RemovalOutcome> result)
    {
        room.Settle(ticket, result.IsOk);
        if (result.IsOk && result.Value.Removal == Removal.Orphaned && !room.Open.MarkOrphan(result.Value.Inode))
        {
            room.Orphans.Enqueue(result.Value.Inode);
        }
        return -result.Errno;
    }

    private static int CheckFlags(RenameFlags flags)
    {
        bool isUnknown = (flags & ~(RenameFlags.NoReplace | RenameFlags.Exchange | RenameFlags.Whiteout)) != 0;
        bool isContradiction = (flags & RenameFlags.Exchange) != 0 && flags != RenameFlags.Exchange;
        return isUnknown || isContradiction ? Errno.EINVAL : 0;
    }

    private static ValueTask<OpResult<InodeAttributes>> Fail(int errno) => new(OpResult<InodeAttributes>.Fail(errno));
}
