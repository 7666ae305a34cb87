using System.CommandLine;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Commands;

/// <summary>The commands of <c>txlfs</c>, and how their command lines are run: a wrong one gives one line, never a page.</summary>
internal static class CommandTree
{
    public static int Run(string[] arguments)
    {
        RootCommand root = new("txlfs: a log-structured, transactional filesystem in user space")
        {
            MkfsCommand.Build("mkfs"),
            MountCommand.Build(),
            UmountCommand.Build(),
            FsckCommand.Build(),
            InfoCommand.Build(),
            StatCommand.Build(),
            ResizeCommand.Build(),
            TuneCommand.Build(),
            LiveMount.Build("sync", "bring everything written so far to stable storage"),
            LiveMount.Build("checkpoint", "write a checkpoint now, so that the next mount has nothing to replay"),
            DumpCommand.Build(),
            CrashtestCommand.Build(),
            TortureCommand.Build(),
        };
        return Run(root, arguments.Length == 0 ? ["--help"] : arguments, "txlfs --help");
    }

    public static int Run(Command root, string[] arguments, string help)
    {
        ParseResult parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            throw new CommandException(ExitCodes.Usage, $"{parsed.Errors[0].Message.TrimEnd('.')} (see {help})");
        }
        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }
}
