using Txlfs.Cli.Commands;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Faces;

/// <summary>
/// <c>mount.txlfs DEVICE DIRECTORY [-sfnv] [-N namespace] [-o options] [-t type]</c>, as mount(8) calls it for <c>mount -t txlfs</c> and
/// fstab. Exit codes are mount(8)'s.
/// </summary>
internal static class MountFace
{
    private const string UsageLine = "usage: mount.txlfs DEVICE DIRECTORY [-sfnv] [-o OPTIONS]";

    public static int Run(string[] arguments)
    {
        List<string> positional = [], options = [];
        bool isFake = false, isVerbose = false;
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            switch (argument)
            {
                case "--version" or "-V":
                    Console.Out.WriteLine($"mount.txlfs {Program.Version}");
                    return ExitCodes.Mount.Success;
                case "-h" or "--help":
                    Console.Out.WriteLine(UsageLine);
                    return ExitCodes.Mount.Success;
                case "-o" or "-t" or "-N":
                    if (++i == arguments.Length)
                    {
                        throw new CommandException(ExitCodes.Usage, $"{argument}: a value is missing; {UsageLine}");
                    }
                    Take(argument, arguments[i], options);
                    break;
                case ['-', not '-', ..]:
                    foreach (char flag in argument.AsSpan(1))
                    {
                        isFake |= flag == 'f';
                        isVerbose |= flag == 'v';
                        if (!"sfnvrw".Contains(flag))
                        {
                            throw new CommandException(ExitCodes.Usage, $"unknown option -{flag}; {UsageLine}");
                        }
                        if (flag is 'r' or 'w')
                        {
                            options.Add(flag == 'r' ? "ro" : "rw");
                        }
                    }
                    break;
                default: positional.Add(argument); break;
            }
        }
        return positional.Count == 2
            ? Mount(new DaemonArguments { Device = positional[0], Directory = positional[1], Options = options }, isFake, isVerbose)
            : throw new CommandException(ExitCodes.Usage, UsageLine);
    }

    private static void Take(string flag, string value, List<string> options)
    {
        if (flag == "-o")
        {
            options.Add(value);
        }
        else if (flag == "-N")
        {
            throw new CommandException(ExitCodes.Usage, "-N: mounting in another namespace is not supported; use nsenter");
        }
    }

    private static int Mount(DaemonArguments arguments, bool isFake, bool isVerbose)
    {
        if (isFake)
        {
            MountOptionParser.Parse(arguments.Options);
            return ExitCodes.Mount.Success;
        }
        MountCommand.Mount(arguments);
        if (isVerbose)
        {
            Console.Out.WriteLine($"mount.txlfs: {arguments.Device} mounted on {arguments.Directory}");
        }
        return ExitCodes.Mount.Success;
    }
}
