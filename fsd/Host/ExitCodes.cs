using Txlfs.Journal;

namespace Txlfs.Fsd.Host;

/// <summary>
/// Every exit code of the programs, in one place (the README has the same table). The values of <c>txlfs</c> and <c>fsd</c> are those of
/// sysexits.h; the faces that mount(8) and fsck(8) call speak those programs' own codes.
/// </summary>
public static class ExitCodes
{
    public const int Success = 0;

    /// <summary>A wrong argument, option or combination.</summary>
    public const int Usage = 64;

    /// <summary>Not a txlfs volume, or a damaged one.</summary>
    public const int BadVolume = 65;

    /// <summary>The device, image or directory is not there.</summary>
    public const int NotFound = 66;

    /// <summary>In use: mounted, locked by another program, or busy.</summary>
    public const int Busy = 69;

    /// <summary>A defect of ours.</summary>
    public const int Internal = 70;

    /// <summary>The system refused what is needed (no FUSE, no library, no memory).</summary>
    public const int System = 71;

    /// <summary>Refused for safety; <c>--force</c> would do it.</summary>
    public const int Refused = 73;

    /// <summary>An I/O error of the device.</summary>
    public const int IoError = 74;

    /// <summary>Not allowed to.</summary>
    public const int Permission = 77;

    /// <summary>The tool worked, and what it tested failed.</summary>
    public const int TestFailed = 1;

    /// <summary>A modelled device lost its power (128 + SIGUSR2).</summary>
    public const int PowerCut = 140;

    /// <summary>Ended by a signal of the user (128 + SIGINT).</summary>
    public const int Interrupted = 130;

    /// <summary>What mount(8) expects of <c>mount.txlfs</c>.</summary>
    public static class Mount
    {
        public const int Success = 0, Usage = 1, System = 2, Internal = 4, Interrupted = 8, MtabProblem = 16, Failure = 32;

        public static int From(int exitCode) => exitCode switch
        {
            ExitCodes.Success => Success,
            ExitCodes.Usage or Permission => Usage,
            ExitCodes.System => System,
            ExitCodes.Internal => Internal,
            ExitCodes.Interrupted => Interrupted,
            _ => Failure,
        };
    }

    /// <summary>What fsck(8) expects of <c>fsck.txlfs</c>.</summary>
    public static class Fsck
    {
        /// <summary>Bits: those of what was corrected and what was left come together.</summary>
        public const int Clean = 0, Corrected = 1, ErrorsLeft = 4, Operational = 8, Usage = 16, Cancelled = 32, Library = 128;

        /// <summary>For a check that could not be done.</summary>
        public static int From(int exitCode) => exitCode switch
        {
            ExitCodes.Success => Clean,
            ExitCodes.Usage => Usage,
            ExitCodes.System => Library,
            Interrupted => Cancelled,
            _ => Operational,
        };
    }

    /// <summary>For an errno of opening a device or a volume.</summary>
    public static int FromErrno(int errno) => errno switch
    {
        0 => Success,
        Errno.ENOENT or Errno.ENODEV or Errno.ENXIO or Errno.ENOTDIR => NotFound,
        Errno.EBUSY or Errno.EAGAIN => Busy,
        Errno.EACCES or Errno.EPERM or Errno.EROFS => Permission,
        Errno.EIO or Errno.ENOSPC => IoError,
        Errno.EINVAL => Usage,
        Errno.EUCLEAN or Errno.EPROTO => BadVolume,
        _ => System,
    };
}

/// <summary>Ends a program with one line on stderr and an exit code of <see cref="ExitCodes"/>.</summary>
public sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
