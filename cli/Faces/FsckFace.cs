using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Cli.Faces;

/// <summary>
/// <c>fsck.txlfs [-a|-p|-y|-n|-f] DEVICE</c>: checks a volume and changes nothing. Opening it replays the log in memory, so a volume that
/// was not unmounted is no error. Exit codes are fsck(8)'s.
/// </summary>
internal static class FsckFace
{
    private const string UsageLine = "usage: fsck.txlfs [-apynfvTV] [-C FD] DEVICE";
    private const string KnownFlags = "apynfvrsT";

    public static int Run(string[] arguments)
    {
        List<string> positional = [];
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--version" or "-V":
                    Console.Out.WriteLine($"fsck.txlfs {Program.Version}");
                    return ExitCodes.Fsck.Clean;
                case "-h" or "--help":
                    Console.Out.WriteLine(UsageLine);
                    return ExitCodes.Fsck.Clean;
                case "-C": i++; break;
                case ['-', 'C', ..]: break;
                case ['-', ..] flags when flags.Length == 1 || flags.AsSpan(1).ContainsAnyExcept(KnownFlags):
                    throw new CommandException(ExitCodes.Usage, $"unknown option {flags}; {UsageLine}");
                case ['-', ..]: break;
                default: positional.Add(arguments[i]); break;
            }
        }
        return positional is [var device]
            ? CheckAsync(Path.GetFullPath(device)).AsTask().GetAwaiter().GetResult()
            : throw new CommandException(ExitCodes.Usage, UsageLine);
    }

    private static async ValueTask<int> CheckAsync(string path)
    {
        using IBlockDevice device = DeviceOptions.OpenForTool(path, isReadOnly: true);
        using Volume volume = await Volume.OpenAsync(device, new VolumeOptions { IsReadOnly = true }, SystemTools.Seams()).ConfigureAwait(false);
        IReadOnlyList<string> problems = await volume.VerifyAsync().ConfigureAwait(false);
        foreach (string problem in problems)
        {
            Console.Out.WriteLine($"{path}: {problem}");
        }
        if (problems.Count > 0)
        {
            Console.Out.WriteLine($"{path}: {problems.Count} errors; nothing was changed");
            return ExitCodes.Fsck.ErrorsLeft;
        }
        Console.Out.WriteLine($"{path}: clean");
        return ExitCodes.Fsck.Clean;
    }
}
