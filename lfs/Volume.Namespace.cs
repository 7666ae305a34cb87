using Txlfs.Journal.Device;
using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs;

// Names, attributes, links and extended attributes. Thin: the rules are in lfs/Namespace.
public sealed partial class Volume
{
    private const uint PermissionBits = 0x1FF;
    private readonly FileNamespace _namespace;

    /// <summary>A flag of <see cref="SetXattrAsync"/>, beside XATTR_CREATE and XATTR_REPLACE: FUSE_SETXATTR_ACL_KILL_SGID.</summary>
    public const int XattrKillSetGid = 1 << 16;

    public ValueTask<OpResult<InodeAttributes>> LookupAsync(ulong parent, NativeSlice name) => _namespace.Directories.LookupAsync(parent, name);

    public ValueTask<OpResult<InodeAttributes>> GetAttributesAsync(ulong inode) => _namespace.Inodes.GetAttributesAsync(inode);

    /// <summary>All fields that are named, in one commit. The size is the data path's.</summary>
    public ValueTask<OpResult<InodeAttributes>> SetAttributesAsync(ulong inode, AttributeChange change, Caller caller)
        => (change.Fields & AttributeFields.Size) != 0
            ? SetSizeAsync(inode, change.SizeBytes, change, caller)
            : _namespace.Inodes.SetAttributesAsync(inode, change, caller);

    /// <summary>
    /// A regular file, fifo, socket or device node. <paramref name="open"/>: it is open at once, as by <see cref="OpenAsync"/>.
    /// <paramref name="umask"/> is for callers that get the mode unmasked: it applies where the directory has no default ACL.
    /// </summary>
    public ValueTask<OpResult<InodeAttributes>> CreateAsync(ulong parent, NativeSlice name, uint mode, uint rdev, Caller caller, bool open, uint umask = 0)
        => _namespace.Directories.CreateAsync(parent, name, new NewInode(mode, rdev, caller, umask & PermissionBits), open);

    public ValueTask<OpResult<InodeAttributes>> MakeDirectoryAsync(ulong parent, NativeSlice name, uint mode, Caller caller, uint umask = 0)
        => _namespace.Directories.MakeDirectoryAsync(parent, name, new NewInode(mode, 0, caller, umask & PermissionBits));

    public ValueTask<OpResult<InodeAttributes>> SymlinkAsync(ulong parent, NativeSlice name, NativeSlice target, Caller caller)
        => _namespace.Directories.SymlinkAsync(parent, name, target, caller);

    /// <summary>O_TMPFILE: no name, open; gone with the last release unless it is linked before.</summary>
    public ValueTask<OpResult<InodeAttributes>> CreateTemporaryAsync(ulong parent, uint mode, Caller caller, uint umask = 0)
        => _namespace.Directories.CreateTemporaryAsync(parent, new NewInode(mode, 0, caller, umask & PermissionBits));

    public ValueTask<OpResult<InodeAttributes>> LinkAsync(ulong inode, ulong parent, NativeSlice name, Caller caller)
        => _namespace.Directories.LinkAsync(inode, parent, name, caller);

    public ValueTask<int> UnlinkAsync(ulong parent, NativeSlice name, Caller caller)
        => _namespace.Directories.UnlinkAsync(parent, name, caller, isRemoveDirectory: false);

    public ValueTask<int> RemoveDirectoryAsync(ulong parent, NativeSlice name, Caller caller)
        => _namespace.Directories.UnlinkAsync(parent, name, caller, isRemoveDirectory: true);

    public ValueTask<int> RenameAsync(ulong oldParent, NativeSlice oldName, ulong newParent, NativeSlice newName, RenameFlags flags, Caller caller)
        => _namespace.Directories.RenameAsync(oldParent, oldName, newParent, newName, flags, caller);

    /// <summary>The target's length (cut to the destination), or -errno.</summary>
    public ValueTask<int> ReadLinkAsync(ulong inode, NativeSlice destination) => _namespace.Inodes.ReadLinkAsync(inode, destination);

    /// <summary>Counts an open: the inode stays until as many releases, whatever happens to its names.</summary>
    public ValueTask<OpResult<InodeAttributes>> OpenAsync(ulong inode) => _namespace.Inodes.OpenAsync(inode);

    public void Release(ulong inode) => _namespace.Inodes.Release(inode);

    /// <summary>Entries behind the cookie (0: from the start) until the sink refuses one or none is left. 0 or -errno.</summary>
    public ValueTask<int> ReadDirectoryAsync<TSink>(ulong inode, ulong cookie, TSink sink) where TSink : class, IDirectorySink
        => _namespace.Directories.ReadAsync(inode, cookie, sink);

    public ValueTask<int> SetXattrAsync(ulong inode, NativeSlice name, NativeSlice value, int flags, Caller caller)
        => _namespace.Xattrs.SetAsync(inode, name, value, flags, caller);

    public ValueTask<int> GetXattrAsync(ulong inode, NativeSlice name, NativeSlice destination) => _namespace.Xattrs.GetAsync(inode, name, destination);

    public ValueTask<int> ListXattrAsync(ulong inode, NativeSlice destination) => _namespace.Xattrs.ListAsync(inode, destination);

    public ValueTask<int> RemoveXattrAsync(ulong inode, NativeSlice name, Caller caller) => _namespace.Xattrs.RemoveAsync(inode, name, caller);
}
