using Txlfs.Fsd.Host;

namespace Txlfs.Fsd;

/// <summary>
/// <c>fsd DEVICE DIRECTORY [-o OPTIONS] [--foreground]</c>: the daemon of one mount. Without --foreground it starts itself anew in the
/// background and returns when the mount is live.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] commandLine)
    {
        StatusPipe status = new(-1);
        try
        {
            DaemonArguments arguments = DaemonArguments.Parse(commandLine);
            status = new StatusPipe(arguments.StatusDescriptor);
            if (!status.IsAttached)
            {
                // The runtime's own limits are set from outside: one more start, of this same program, with them in its environment.
                if (!arguments.IsForeground)
                {
                    DaemonLauncher.Start(arguments);
                    return ExitCodes.Success;
                }
                if (Environment.GetEnvironmentVariable(MemoryPlan.HeapLimitVariable) is null)
                {
                    DaemonLauncher.Become(arguments);
                }
            }
            return await RunAsync(arguments, status).ConfigureAwait(false);
        }
        catch (CommandException refused)
        {
            return Fail(status, refused.ExitCode, refused.Message);
        }
        catch (Exception defect) when (defect is not OutOfMemoryException)
        {
            return Fail(status, ExitCodes.Internal, $"internal error: {defect}");
        }
    }

    private static async Task<int> RunAsync(DaemonArguments arguments, StatusPipe status)
    {
        if (!Directory.Exists(arguments.Directory))
        {
            throw new CommandException(ExitCodes.NotFound, $"{arguments.Directory} is not a directory");
        }
        arguments = arguments with { Device = Path.GetFullPath(arguments.Device), Directory = Path.GetFullPath(arguments.Directory) };
        MountSettings settings = MountOptionParser.Parse(arguments.Options);
        if (status.IsAttached)
        {
            Environment.CurrentDirectory = "/";
        }
        using MountSession session = new(arguments, settings, status);
        return await session.RunAsync().ConfigureAwait(false);
    }

    private static int Fail(StatusPipe status, int exitCode, string message)
    {
        if (status.IsAttached)
        {
            status.Failed(exitCode, message);
        }
        else
        {
            Console.Error.WriteLine($"fsd: {message}");
        }
        return exitCode;
    }
}
