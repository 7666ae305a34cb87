using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Cli;

/// <summary>Every failure becomes one line and one documented exit code.</summary>
internal static class Errors
{
    public static (int ExitCode, string Message) Describe(Exception fault) => fault switch
    {
        CommandException refused => (refused.ExitCode, refused.Message),
        DeviceException refused => (ExitCodes.FromErrno(refused.ErrorNumber), refused.Message),
        VolumeException refused => (refused.Errno == Journal.Errno.EINVAL ? ExitCodes.BadVolume : ExitCodes.FromErrno(refused.Errno), refused.Message),
        FuseException refused => (ExitCodes.FromErrno(refused.Errno), refused.Message),
        DllNotFoundException refused => (ExitCodes.System, refused.Message),
        OperationCanceledException => (ExitCodes.Interrupted, "interrupted"),
        UnauthorizedAccessException refused => (ExitCodes.Permission, refused.Message),
        FileNotFoundException or DirectoryNotFoundException => (ExitCodes.NotFound, fault.Message),
        IOException refused => (ExitCodes.IoError, refused.Message),
        _ => (ExitCodes.Internal, $"internal error: {fault.GetType().Name}: {fault.Message}"),
    };

    public static void Print(string program, string message) => Console.Error.WriteLine($"{program}: {message.ReplaceLineEndings(" ")}");
}
