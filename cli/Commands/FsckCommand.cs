using System.CommandLine;
using Txlfs.Cli.Fsck;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Commands;

/// <summary><c>txlfs fsck</c>: the same as <c>fsck.txlfs</c>, with the same exit codes.</summary>
internal static class FsckCommand
{
    private static readonly Argument<string> s_device = new("DEVICE") { Description = "device, image file, or the directory where it is mounted" };
    private static readonly Option<bool> s_no = new("-n") { Description = "change nothing" };
    private static readonly Option<bool> s_preen = new("-p", "-a") { Description = "mend what is certain without asking" };
    private static readonly Option<bool> s_yes = new("-y") { Description = "mend all that can be mended without asking" };
    private static readonly Option<bool> s_force = new("-f", "--force") { Description = "check even a volume that was closed in order" };
    private static readonly Option<bool> s_verbose = new("-v", "--verbose") { Description = "say more" };
    private static readonly Option<bool> s_data = new("--data") { Description = "also read all file data and compare its checksums" };
    private static readonly Option<bool> s_rebuild = new("--rebuild") { Description = "make a new index from a scan of the device" };
    private static readonly Option<bool> s_json = new("--json") { Description = "print JSON" };
    private static readonly Option<int?> s_progress = new("-C") { Description = "write progress to this file descriptor (0: a bar)", HelpName = "FD" };
    private static readonly Option<string?> s_memory = new("--memory") { Description = "memory to use at most (default: a quarter of the machine's, 96M to 512M)", HelpName = "SIZE" };

    public static Command Build()
    {
        Command command = new("fsck", "check and repair a volume") { s_device };
        foreach (Option option in (Option[])[s_no, s_preen, s_yes, s_force, s_verbose, s_data, s_rebuild, s_json, s_progress, s_memory])
        {
            command.Add(option);
        }
        command.SetAction((parsed, _) => FsckRun.RunAsync(RequestOf(parsed)));
        return command;
    }

    private static FsckRequest RequestOf(ParseResult parsed)
    {
        FsckRequest request = new()
        {
            Device = Path.GetFullPath(parsed.GetRequiredValue(s_device)),
            Repair = FsckRequest.ModeOf(parsed.GetValue(s_no), parsed.GetValue(s_preen), parsed.GetValue(s_yes), parsed.GetValue(s_rebuild)),
            IsForced = parsed.GetValue(s_force),
            IsVerbose = parsed.GetValue(s_verbose),
            ChecksData = parsed.GetValue(s_data),
            Rebuilds = parsed.GetValue(s_rebuild),
            IsJson = parsed.GetValue(s_json),
            ProgressDescriptor = parsed.GetValue(s_progress),
        };
        string? memory = parsed.GetValue(s_memory);
        return memory is null ? request
            : SizeText.TryParse(memory, out long bytes) ? request with { MemoryBytes = bytes }
            : throw new CommandException(ExitCodes.Usage, $"--memory {memory}: not a size");
    }
}
