using System.CommandLine;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Commands;

/// <summary><c>txlfs mount</c>: returns when the mount is live, or becomes the daemon with --foreground.</summary>
internal static class MountCommand
{
    public static Command Build()
    {
        Argument<string> device = new("DEVICE") { Description = "block device or image file with a txlfs volume" };
        Argument<string> directory = new("DIRECTORY") { Description = "where to mount it" };
        Option<string[]> options = new("--options", "-o") { Description = "mount options, separated by commas (README has the table)", HelpName = "OPTIONS", DefaultValueFactory = _ => [] };
        Option<bool> foreground = new("--foreground") { Description = "stay, log to stderr, unmount on Ctrl-C" };
        Command command = new("mount", "mount a volume") { device, directory, options, foreground };
        command.SetAction(parsed =>
        {
            Mount(new DaemonArguments
            {
                Device = parsed.GetRequiredValue(device),
                Directory = parsed.GetRequiredValue(directory),
                Options = parsed.GetValue(options) ?? [],
                IsForeground = parsed.GetValue(foreground),
            });
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>Checks what can be checked without the daemon, for the clearest error; then hands over.</summary>
    public static void Mount(DaemonArguments arguments)
    {
        MountSettings settings = MountOptionParser.Parse(arguments.Options);
        if (settings.IsRemount)
        {
            Remount.Run(arguments.Directory, settings);
            return;
        }
        if (FileKinds.Of(arguments.Device) is not (FileKind.BlockDevice or FileKind.Regular))
        {
            throw new CommandException(ExitCodes.NotFound, $"{arguments.Device} is not a block device or an image file");
        }
        if (!Directory.Exists(arguments.Directory))
        {
            throw new CommandException(ExitCodes.NotFound, $"{arguments.Directory} is not a directory");
        }
        if (arguments.IsForeground)
        {
            DaemonLauncher.Become(arguments);
        }
        DaemonLauncher.Start(arguments);
    }
}
