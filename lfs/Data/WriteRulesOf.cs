using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs.Data;

/// <summary>What every writing commit checks of, and does to, the inode.</summary>
internal static class WriteRulesOf
{
    /// <summary>Where the write ends against where the file ends.</summary>
    public static int CheckEnd(ref CommitContext context, WriteState state, PendingTrims trims, in InodeAttributes attributes, scoped Span<byte> buffer)
    {
        if ((state.Options & WriteOptions.Append) != 0 && attributes.SizeBytes != state.ProbedSizeBytes)
        {
            return -DataErrno.Conflict;
        }
        if (state.EndBytes <= attributes.SizeBytes)
        {
            return 0;
        }
        return (state.Rules & WriteRules.NoExtend) != 0 ? -DataErrno.BeyondEnd : trims.CheckNone(ref context.Reads, state.Inode, buffer);
    }

    /// <summary>
    /// Size only grows. Times: pages from the kernel's write-back cache carry none, because with that cache the kernel owns mtime and ctime and
    /// hands them over by SETATTR, before or after the pages; a time set here could overwrite the one that the user was shown.
    /// </summary>
    public static int Touch(ref CommitContext context, NamespaceRoom room, ref InodeAttributes attributes, WriteState state)
    {
        if (state.IsConversion)
        {
            return 0;
        }
        attributes.SizeBytes = Math.Max(attributes.SizeBytes, state.EndBytes);
        if ((state.Options & WriteOptions.FromCache) == 0)
        {
            attributes.Mtime = context.Now;
            attributes.Ctime = context.Now;
        }
        return (state.Options & WriteOptions.KillPrivileges) != 0 ? Attributes.KillPrivileges(room, ref context, ref attributes) : 0;
    }
}
