using System.CommandLine;
using System.Text.Json;
using Txlfs.Fsd.Control;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Commands;

/// <summary>The daemon of a mounted volume, named by the directory or by the device.</summary>
internal static class LiveMount
{
    public static ControlClient Connect(string target)
    {
        (string path, MountEntry? mount) = VolumeTarget.Resolve(target);
        if (mount is null)
        {
            throw new CommandException(ExitCodes.NotFound, $"{path} is not mounted");
        }
        return ControlClient.TryConnect(mount)
            ?? throw new CommandException(ExitCodes.NotFound, $"the daemon of {mount.MountPoint} does not answer: it has no control socket, or is not running any more");
    }

    /// <summary>A command that only has the daemon do something.</summary>
    public static Command Build(string name, string description)
    {
        Argument<string> target = new("DIRECTORY") { Description = "where the volume is mounted, or its device" };
        Command command = new(name, description) { target };
        command.SetAction(async (parsed, token) =>
        {
            using ControlClient client = Connect(parsed.GetRequiredValue(target));
            JsonElement _ = await client.CallAsync(name, token: token).ConfigureAwait(false);
            return ExitCodes.Success;
        });
        return command;
    }
}
