using Txlfs.Journal;

namespace Txlfs.Fsd.Fuse.Mount;

/// <summary>Generic mount options and the flags of mount(2) they stand for.</summary>
internal static class MountOptionTable
{
    public const uint ReadOnly = 1, NoSuid = 2, NoDev = 4, NoExec = 8;

    private static readonly Dictionary<string, (uint Flag, bool Set)> Options = new()
    {
        ["defaults"] = (0, true),
        ["ro"] = (ReadOnly, true), ["rw"] = (ReadOnly, false),
        ["nosuid"] = (NoSuid, true), ["suid"] = (NoSuid, false),
        ["nodev"] = (NoDev, true), ["dev"] = (NoDev, false),
        ["noexec"] = (NoExec, true), ["exec"] = (NoExec, false),
        ["sync"] = (1 << 4, true), ["async"] = (1 << 4, false),
        ["dirsync"] = (1 << 7, true),
        ["nosymfollow"] = (1 << 8, true),
        ["noatime"] = (1 << 10, true), ["atime"] = (1 << 10, false),
        ["nodiratime"] = (1 << 11, true), ["diratime"] = (1 << 11, false),
        ["silent"] = (1 << 15, true), ["loud"] = (1 << 15, false),
        ["relatime"] = (1 << 21, true), ["norelatime"] = (1 << 21, false),
        ["strictatime"] = (1 << 24, true), ["nostrictatime"] = (1 << 24, false),
        ["lazytime"] = (1 << 25, true), ["nolazytime"] = (1 << 25, false),
    };

    public static bool IsKnown(string option) => Options.ContainsKey(option);

    /// <summary>Like every FUSE mount, without set-user-id and devices unless "suid" or "dev" asks for them; a later option overrides an earlier one.</summary>
    /// <exception cref="FuseException">An option is not a generic one.</exception>
    public static uint ToFlags(IEnumerable<string> options)
    {
        uint flags = NoSuid | NoDev;
        foreach (string option in options)
        {
            if (!Options.TryGetValue(option, out (uint Flag, bool Set) meaning))
                throw new FuseException($"Unknown mount option '{option}'.", Errno.EINVAL);
            flags = meaning.Set ? flags | meaning.Flag : flags & ~meaning.Flag;
        }
        return flags;
    }
}
