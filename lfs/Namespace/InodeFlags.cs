namespace Txlfs.Lfs.Namespace;

/// <summary>Bits of an inode's flags, on disk; never renumbered. For the volume alone: no part of any reply.</summary>
internal static class InodeFlags
{
    /// <summary>A directory that has the attribute system.posix_acl_default.</summary>
    public const uint HasDefaultAcl = 1;
}
