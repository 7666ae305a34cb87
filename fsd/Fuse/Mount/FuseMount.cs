using Txlfs.Fsd.Fuse.Interop;
using Txlfs.Journal;

namespace Txlfs.Fsd.Fuse.Mount;

/// <summary>How to end a mount.</summary>
public enum FuseStop
{
    /// <summary>Only when nothing uses it: EBUSY otherwise.</summary>
    IfUnused,

    /// <summary>Out of the tree at once; the connection ends when the last user is gone.</summary>
    Lazy,

    /// <summary>Ends the connection: users get ENOTCONN or EIO. Root only.</summary>
    Abort,
}

/// <summary>Connects a mount point with a descriptor of /dev/fuse: with mount(2) as root, with fusermount3 otherwise.</summary>
internal static class FuseMount
{
    private const int UmountForce = 1, UmountDetach = 2;
    private const uint DirectoryMode = 0x4000;

    /// <summary>The descriptor over which the kernel will send INIT.</summary>
    /// <exception cref="FuseException">With the reason.</exception>
    public static int Open(FuseServerOptions options)
    {
        uint flags = MountOptionTable.ToFlags(options.MountOptions);
        if (LibC.GetEUid() != 0)
            return options.IsBlockDevice
                ? throw new FuseException("Only root can mount a block device.", Errno.EPERM)
                : Fusermount.Mount(options.MountPoint, FusermountOptions(options with { AllowOther = options.AllowOther && Fusermount.MayAllowOther() }));

        int fd = LibC.Open("/dev/fuse", LibC.OpenReadWrite | LibC.OpenCloseOnExec);
        if (fd < 0)
            throw new FuseException($"/dev/fuse cannot be opened (errno {LibC.LastErrno}); is the fuse module loaded?", LibC.LastErrno);
        string type = (options.IsBlockDevice ? "fuseblk." : "fuse.") + options.Subtype;
        if (LibC.Mount(options.Source, options.MountPoint, type, flags, KernelData(fd, options)) == 0)
            return fd;
        int errno = LibC.LastErrno;
        _ = LibC.Close(fd);
        throw new FuseException($"Mounting {options.Source} on {options.MountPoint} failed (errno {errno}).", errno);
    }

    /// <summary>0 or an errno.</summary>
    public static int Close(string mountPoint, FuseStop how)
    {
        if (LibC.GetEUid() != 0)
            return Fusermount.Unmount(mountPoint, isLazy: how != FuseStop.IfUnused);
        if (how == FuseStop.IfUnused)
            return Umount(mountPoint, 0);
        if (how == FuseStop.Abort && Umount(mountPoint, UmountForce) == 0)
            return 0;
        return Umount(mountPoint, UmountDetach);
    }

    internal static string KernelData(int fd, FuseServerOptions options)
    {
        string data = $"fd={fd},rootmode={Convert.ToString(DirectoryMode, 8)},user_id={LibC.GetEUid()},group_id={LibC.GetEGid()}";
        if (options.DefaultPermissions)
            data += ",default_permissions";
        if (options.AllowOther)
            data += ",allow_other";
        return data;
    }

    /// <summary>fusermount3 splits at commas unless they are escaped.</summary>
    internal static string FusermountOptions(FuseServerOptions options)
    {
        string source = options.Source.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);
        var all = new List<string> { $"fsname={source}", $"subtype={options.Subtype}" };
        if (options.DefaultPermissions)
            all.Add("default_permissions");
        if (options.AllowOther)
            all.Add("allow_other");
        all.AddRange(options.MountOptions.Where(option => option != "defaults"));
        return string.Join(',', all);
    }

    private static int Umount(string mountPoint, int flags) => LibC.Umount2(mountPoint, flags) == 0 ? 0 : LibC.LastErrno;
}
