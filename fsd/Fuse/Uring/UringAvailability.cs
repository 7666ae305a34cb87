using Txlfs.Fsd.Fuse.Interop;

namespace Txlfs.Fsd.Fuse.Uring;

/// <summary>Whether FUSE over io_uring can be had at all. It must be known before INIT: a kernel that was promised it waits for the queues.</summary>
internal static class UringAvailability
{
    private const string Parameter = "/sys/module/fuse/parameters/enable_uring";

    /// <summary>Null, or the reason why not, as the end of a sentence.</summary>
    public static string? Obstacle()
    {
        LoadModule();
        string? enabled = LibC.ReadSmallFile(Parameter);
        if (enabled is null)
            return "this kernel has no FUSE over io_uring (it needs Linux 6.14 or newer, built with CONFIG_FUSE_IO_URING)";
        if (enabled is not ("Y" or "1"))
            return $"it is switched off ('echo Y > {Parameter}' as root switches it on for later mounts)";
        using IoUring? probe = IoUring.TryCreate(4, out int errno);
        return probe is null ? $"io_uring itself is refused (errno {errno}; see the sysctl kernel.io_uring_disabled)" : null;
    }

    /// <summary>Opening the device loads the module, and only then has it parameters.</summary>
    private static void LoadModule()
    {
        int fd = LibC.Open("/dev/fuse", LibC.OpenReadWrite | LibC.OpenCloseOnExec);
        if (fd >= 0)
            _ = LibC.Close(fd);
    }
}
