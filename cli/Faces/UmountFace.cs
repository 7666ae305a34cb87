using Txlfs.Cli.Commands;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Faces;

/// <summary>
/// <c>umount.fuse.txlfs DIRECTORY [-flnrv] [-N namespace] [-t type]</c>, as umount(8) calls it, so that a plain umount too returns only when
/// the volume is closed. Exit codes are mount(8)'s.
/// </summary>
internal static class UmountFace
{
    private const string UsageLine = "usage: umount.txlfs DIRECTORY [-flnrv]";
    private const string KnownFlags = "flnrv";

    public static int Run(string[] arguments)
    {
        List<string> positional = [];
        bool isLazy = false;
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "-N" or "-t": i++; break;
                case ['-', ..] flags when flags.Length == 1 || flags.AsSpan(1).ContainsAnyExcept(KnownFlags):
                    throw new CommandException(ExitCodes.Usage, $"unknown option {flags}; {UsageLine}");
                case ['-', ..] flags: isLazy |= flags.Contains('l'); break;
                default: positional.Add(arguments[i]); break;
            }
        }
        return positional is [var directory] ? UmountCommand.Run(directory, isLazy) : throw new CommandException(ExitCodes.Usage, UsageLine);
    }
}
