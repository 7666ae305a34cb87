namespace Txlfs.Lfs.Namespace;

/// <summary>The flags of setxattr(2), and of the kernel's request.</summary>
[Flags]
internal enum XattrFlags
{
    None = 0, Create = 1, Replace = 2,

    /// <summary>The attribute is an access ACL set by a stranger to the file's group: the setgid bit goes (see <see cref="Volume.XattrKillSetGid"/>).</summary>
    KillSetGid = Volume.XattrKillSetGid,
}
