using System.CommandLine;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Inspect;

namespace Txlfs.Cli.Commands;

/// <summary><c>txlfs dump</c>: the structures of a volume, for people who debug.</summary>
internal static class DumpCommand
{
    public static Command Build()
    {
        Argument<DumpPart> part = new("PART")
        {
            Description = "superblock, checkpoints, segments, frames or index",
            CustomParser = result =>
            {
                if (Enum.TryParse(result.Tokens[0].Value, ignoreCase: true, out DumpPart known) && Enum.IsDefined(known))
                {
                    return known;
                }
                result.AddError($"dump {result.Tokens[0].Value}: expected superblock, checkpoints, segments, frames or index");
                return default;
            },
        };
        Argument<string> target = new("DEVICE") { Description = "device, image file, or the directory where it is mounted" };
        Command command = new("dump", "print the structures of a volume") { part, target };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(part), parsed.GetRequiredValue(target)));
        return command;
    }

    private static async Task<int> RunAsync(DumpPart part, string target)
    {
        (string path, MountEntry? mount) = VolumeTarget.Resolve(target);
        using IBlockDevice device = VolumeTarget.OpenForLooking(path, mount);
        using StreamWriter output = new(Console.OpenStandardOutput(), bufferSize: 64 * 1024);
        await VolumeInspector.DumpAsync(device, SystemTools.Seams(), part, output).ConfigureAwait(false);
        return ExitCodes.Success;
    }
}
