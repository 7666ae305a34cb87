using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Verify;

namespace Txlfs.Cli.Fsck;

/// <summary>One run of fsck (of a mounted volume: by its daemon): check, repair, report, exit code of fsck(8).</summary>
internal static class FsckRun
{
    /// <summary>Above every severity: what the volume's log would say is said by the findings.</summary>
    private const LogSeverity Silent = LogSeverity.Error + 1;

    public static async Task<int> RunAsync(FsckRequest request)
    {
        if (OnlineFsck.MountOf(request.Device) is { } mount)
        {
            return await OnlineFsck.RunAsync(mount, request).ConfigureAwait(false);
        }
        RequireDevice(request.Device);
        using IBlockDevice device = DeviceOptions.OpenForTool(request.Device, isReadOnly: request.Repair == RepairMode.None);
        using PosixStop stop = new();
        using FsckProgress progress = FsckProgress.For(request);
        CheckOptions options = new()
        {
            Repair = request.Repair,
            IsForced = request.IsForced,
            ChecksData = request.ChecksData,
            Rebuilds = request.Rebuilds,
            MemoryBytes = request.CheckMemoryBytes,
            Progress = progress,
            Say = line => Say(request, progress, line),
            Ask = question => Ask(request, progress, question),
        };
        CheckReport report = await VolumeCheck.RunAsync(device, options, SystemTools.Seams(request.IsVerbose ? LogSeverity.Info : Silent)).ConfigureAwait(false);
        progress.Clear();
        int exitCode = ExitCodeOf(report);
        if (request.IsJson)
        {
            FsckOutput.WriteJson(Console.Out, request, report, exitCode);
        }
        else
        {
            FsckOutput.WriteSummary(Console.Out, request, report);
        }
        return exitCode;
    }

    /// <summary>The bits of fsck(8). A log that was only replayed is no error that was corrected.</summary>
    internal static int ExitCodeOf(CheckReport report)
        => (report.HasChanged && report.Found.Errors > 0 ? ExitCodes.Fsck.Corrected : ExitCodes.Fsck.Clean) | (report.Left.Errors > 0 ? ExitCodes.Fsck.ErrorsLeft : ExitCodes.Fsck.Clean);

    private static void RequireDevice(string device)
    {
        switch (FileKinds.Of(device))
        {
            case FileKind.Regular or FileKind.BlockDevice:
                break;
            case FileKind.Absent:
                throw new CommandException(ExitCodes.NotFound, $"{device} is not there");
            default:
                throw new CommandException(ExitCodes.Usage, $"{device} is neither a device nor an image file");
        }
    }

    private static void Say(FsckRequest request, FsckProgress progress, string line)
    {
        if (!request.IsJson)
        {
            progress.Clear();
            Console.Out.WriteLine($"{request.Device}: {line}");
        }
    }

    private static bool Ask(FsckRequest request, FsckProgress progress, string question)
    {
        progress.Clear();
        while (true)
        {
            Console.Out.Write($"{request.Device}: {question} (y/n) ");
            switch (Console.In.ReadLine()?.Trim().ToUpperInvariant())
            {
                case "Y" or "YES":
                    return true;
                case "N" or "NO" or null:
                    return false;
            }
        }
    }

    /// <summary>Interrupting fsck is harmless at any moment (each repair is a commit of its own), so it ends at once, with the code for it.</summary>
    private sealed class PosixStop : IDisposable
    {
        private readonly ConsoleCancelEventHandler _handler = (_, _) => Environment.Exit(ExitCodes.Fsck.Cancelled);

        public PosixStop() => Console.CancelKeyPress += _handler;

        public void Dispose() => Console.CancelKeyPress -= _handler;
    }
}
