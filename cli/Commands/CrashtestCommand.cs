using System.CommandLine;
using System.CommandLine.Parsing;
using Txlfs.Cli.Crashtest;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Commands;

/// <summary><c>txlfs crashtest</c>: what a power cut would do to somebody's own program.</summary>
internal static class CrashtestCommand
{
    private static readonly Option<string?> s_workload = new("--workload", "-w") { Description = "program that works in the volume and appends to $TXLFS_ACK a line for whatever is safe", HelpName = "PROGRAM" };
    private static readonly Option<string?> s_check = new("--check", "-c") { Description = "program that looks at the volume after a power cut; exit code 0: all is well", HelpName = "PROGRAM" };
    private static readonly Option<string?> s_image = new("--image") { Description = "volume to begin with, which is copied (default: a fresh one)", HelpName = "FILE" };
    private static readonly Option<string> s_size = new("--size", "-s") { Description = "size of the fresh volume (default 256M)", HelpName = "SIZE", DefaultValueFactory = _ => "256M" };
    private static readonly Option<int> s_cuts = new("--cuts", "-n") { Description = "how many power-cut states to look at (default 100)", HelpName = "N", DefaultValueFactory = _ => 100 };
    private static readonly Option<ulong?> s_seed = new("--seed") { Description = "chooses the states (default: a new one)", HelpName = "S" };
    private static readonly Option<int> s_timeout = new("--timeout") { Description = "seconds for each run of a program (default 60)", HelpName = "SECONDS", DefaultValueFactory = _ => 60 };
    private static readonly Option<string> s_limit = new("--record-limit") { Description = "most that the recording may take (default 1G)", HelpName = "SIZE", DefaultValueFactory = _ => "1G" };
    private static readonly Option<string?> s_output = new("--output") { Description = "empty directory for recording and images, which stay when a state fails (default: a new one)", HelpName = "DIRECTORY" };
    private static readonly Option<string> s_options = new("--options", "-o") { Description = "mount options", HelpName = "OPTIONS", DefaultValueFactory = _ => "" };
    private static readonly Option<string?> s_junit = new("--junit") { Description = "write the results as JUnit XML", HelpName = "FILE" };
    private static readonly Option<string?> s_json = new("--json") { Description = "write the results as JSON", HelpName = "FILE" };
    private static readonly Option<string?> s_replay = new("--replay") { Description = "run the check on a failed state again", HelpName = "STATE-FILE" };

    public static Command Build()
    {
        Command command = new("crashtest", "cut the power at every turn of your own program, and check what is left");
        foreach (Option option in (Option[])[s_workload, s_check, s_image, s_size, s_cuts, s_seed, s_timeout, s_limit, s_output, s_options, s_junit, s_json, s_replay])
        {
            command.Add(option);
        }
        command.SetAction(RunAsync);
        return command;
    }

    private static Task<int> RunAsync(ParseResult parsed, CancellationToken token)
    {
        int timeoutMs = Positive(s_timeout.Name, parsed.GetValue(s_timeout), 1_000_000) * 1000;
        string? check = parsed.GetValue(s_check) is { } given ? ProgramPath(s_check.Name, given) : null;
        if (parsed.GetValue(s_replay) is { } stateFile)
        {
            return CrashtestRun.ReplayAsync(stateFile, check, timeoutMs, token);
        }
        if (parsed.GetValue(s_workload) is not { } workload || check is null)
        {
            throw new CommandException(ExitCodes.Usage, "crashtest needs --workload and --check, or --replay");
        }
        string mountOptions = parsed.GetValue(s_options)!;
        MountOptionParser.Parse([mountOptions]);
        return CrashtestRun.RunAsync(new CrashtestOptions
        {
            Workload = ProgramPath(s_workload.Name, workload),
            Check = check,
            Image = parsed.GetValue(s_image) is { } image ? ExistingImage(image) : null,
            SizeBytes = Size(s_size.Name, parsed.GetValue(s_size)!),
            StateCount = Positive(s_cuts.Name, parsed.GetValue(s_cuts), 1_000_000),
            Seed = parsed.GetValue(s_seed) ?? SystemTools.Seams().Random.NextUInt64() >> 32,
            TimeoutMs = timeoutMs,
            RecordingLimitBytes = Size(s_limit.Name, parsed.GetValue(s_limit)!),
            Output = parsed.GetValue(s_output),
            MountOptions = mountOptions,
            JUnit = parsed.GetValue(s_junit),
            Json = parsed.GetValue(s_json),
        }, token);
    }

    /// <summary>Absolute, because the program runs in the mounted volume.</summary>
    private static string ProgramPath(string option, string path)
    {
        string full = Path.GetFullPath(path);
        return FileKinds.Of(full) == FileKind.Regular ? full : throw new CommandException(ExitCodes.NotFound, $"{option} {path}: there is no such program");
    }

    private static string ExistingImage(string path)
    {
        string full = Path.GetFullPath(path);
        return FileKinds.Of(full) == FileKind.Regular ? full : throw new CommandException(ExitCodes.NotFound, $"{s_image.Name} {path}: there is no such image file");
    }

    private static int Positive(string option, int value, int most)
        => value > 0 && value <= most ? value : throw new CommandException(ExitCodes.Usage, $"{option} {value}: expected 1 to {most}");

    private static long Size(string option, string text)
        => SizeText.TryParse(text, out long bytes) && bytes > 0 ? bytes : throw new CommandException(ExitCodes.Usage, $"{option} {text}: expected a size such as 512M");
}
