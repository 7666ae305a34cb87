using System.Globalization;
using Txlfs.Cli.Commands;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Cli.Crashtest;

/// <summary>
/// One run: record the workload, choose the states, ask the check about each, make the first failing one small, and say how to get back to it.
/// </summary>
internal sealed class CrashtestRun
{
    private const int MostMinimizingRuns = 40;
    private const int MostKeptStates = 5;

    private readonly CrashtestOptions _options;
    private readonly ScratchFiles _files;
    private readonly TestMount _mount;

    private CrashtestRun(CrashtestOptions options, ScratchFiles files)
    {
        (_options, _files) = (options, files);
        _mount = new TestMount(files.MountPoint, options.MountOptions.Length > 0 ? [options.MountOptions] : []);
    }

    public static async Task<int> RunAsync(CrashtestOptions options, CancellationToken token)
    {
        CrashtestRun run = new(options, ScratchFiles.Make(options.Output));
        bool isKept = false;
        try
        {
            isKept = await run.TestAsync(token).ConfigureAwait(false) > 0;
        }
        finally
        {
            run._mount.Abandon();
            if (!isKept)
            {
                run._files.DeleteAll();
            }
        }
        return isKept ? ExitCodes.TestFailed : ExitCodes.Success;
    }

    /// <summary>One state of an earlier run, which left its files.</summary>
    public static async Task<int> ReplayAsync(string stateFile, string? check, int timeoutMs, CancellationToken token)
    {
        string path = Path.GetFullPath(stateFile), text = ScratchFiles.ReadText(path);
        (int number, string recordedCheck, string mountOptions) = StateFile.ReadHead(path, text);
        ScratchFiles files = ScratchFiles.Open(Path.GetDirectoryName(path)!);
        CrashtestRun run = new(new CrashtestOptions { Workload = "", Check = check ?? recordedCheck, MountOptions = mountOptions, TimeoutMs = timeoutMs }, files);
        try
        {
            using Recording recording = Recording.Open(files.RecordingLog, files.AcknowledgedBytes());
            CrashState state = StateFile.ReadState(path, text, recording);
            StateVerdict verdict = await run.Runner(recording).RunAsync(state, number, token).ConfigureAwait(false);
            Say(verdict.IsGood ? $"state {number} passes: {state.Describe(recording)}" : $"state {number} FAILED: {state.Describe(recording)}");
            run.SayVerdict(verdict);
            return verdict.IsGood ? ExitCodes.Success : ExitCodes.TestFailed;
        }
        finally
        {
            run._mount.Abandon();
            ScratchFiles.Delete(files.WorkImage);
        }
    }

    /// <summary>The number of failing states.</summary>
    private async Task<int> TestAsync(CancellationToken token)
    {
        await RecordAsync(token).ConfigureAwait(false);
        using Recording recording = Recording.Open(_files.RecordingLog, _files.AcknowledgedBytes());
        Say(string.Create(CultureInfo.InvariantCulture,
            $"recorded {recording.Writes.Count} writes ({SizeText.Format(recording.WrittenBytes)}) and {recording.FlushCount} flushes; seed {_options.Seed}"));
        CrashtestReport report = new(_options.Seed, recording);
        StateRunner runner = Runner(recording);
        int number = 0;
        foreach (CrashState state in new StatePlanner(recording, _options.Seed).Choose(_options.StateCount))
        {
            StateVerdict verdict = await runner.RunAsync(state, ++number, token).ConfigureAwait(false);
            report.Add(number, state, verdict);
            if (!verdict.IsGood && report.FailureCount <= MostKeptStates)
            {
                await ShowFailureAsync(recording, runner, number, state, verdict, isFirst: report.FailureCount == 1, token).ConfigureAwait(false);
            }
        }
        WriteReports(report);
        ScratchFiles.Delete(_files.WorkImage);
        Say(report.FailureCount == 0 ? $"{report.StateCount} power-cut states, all passed" : $"{report.StateCount} power-cut states, {report.FailureCount} FAILED; files are in {_files.Directory}");
        return report.FailureCount;
    }

    /// <summary>The workload over a recording device, and the check once without any cut: if that fails, the states have nothing to say.</summary>
    private async Task RecordAsync(CancellationToken token)
    {
        await MakeBaseAsync().ConfigureAwait(false);
        ScratchFiles.Copy(_files.BaseImage, _files.WorkImage);
        _files.Clear(_files.Acknowledged);
        _mount.Mount(_files.WorkImage, $"device-model=recorder:log={_files.RecordingLog}:ack={_files.Acknowledged}:limit={_options.RecordingLimitBytes.ToString(CultureInfo.InvariantCulture)}");
        Dictionary<string, string> environment = StateRunner.Environment(_mount.Directory, _files.Acknowledged);
        ProgramResult worked = await ProgramRunner.RunAsync(_options.Workload, _mount.Directory, environment, _options.TimeoutMs, token).ConfigureAwait(false);
        if (!worked.IsGood)
        {
            throw new CommandException(ExitCodes.Usage, $"the workload failed without any power cut: {worked.Ending}: {LastLines(worked.Output)}");
        }
        ProgramResult content = await ProgramRunner.RunAsync(_options.Check, _mount.Directory, environment, _options.TimeoutMs, token).ConfigureAwait(false);
        if (!content.IsGood)
        {
            throw new CommandException(ExitCodes.Usage, $"the check fails without any power cut: {content.Ending}: {LastLines(content.Output)}");
        }
        await _mount.UnmountAsync().ConfigureAwait(false);
    }

    private async Task MakeBaseAsync()
    {
        if (_options.Image is { } image)
        {
            FormatTarget.RefuseMounted(image);
            ScratchFiles.Copy(image, _files.BaseImage);
            return;
        }
        FormatTarget.Prepare(_files.BaseImage, _options.SizeBytes);
        using IBlockDevice device = DeviceOptions.OpenForTool(_files.BaseImage, isReadOnly: false);
        await Volume.FormatAsync(device, new FormatOptions { Uuid = SystemTools.NewUuid(), RootUid = HostLibC.UserId(), RootGid = HostLibC.GroupId() }, SystemTools.Seams()).ConfigureAwait(false);
    }

    private async Task ShowFailureAsync(Recording recording, StateRunner runner, int number, CrashState state, StateVerdict verdict, bool isFirst, CancellationToken token)
    {
        Say($"state {number} FAILED: {state.Describe(recording)}");
        SayVerdict(verdict);
        CrashState least = state;
        if (isFirst && state.Losses.Count > 0)
        {
            Minimizer minimizer = new(async candidate => !(await runner.RunAsync(candidate, number, token).ConfigureAwait(false)).IsGood, MostMinimizingRuns);
            least = await minimizer.RunAsync(state).ConfigureAwait(false);
            Say($"  it needs {(least.Losses.Count == 0 ? "no lost write: the cut alone does it" : "these losses:")}");
        }
        foreach (Loss loss in least.Losses)
        {
            Say($"    {loss.Describe()}");
        }
        _files.BuildImage(_files.StateImage(number), recording, least);
        ScratchFiles.WriteText(_files.StateFile(number), StateFile.Write(number, _options.Check, _options.MountOptions, least));
        Say($"  the device as the cut left it: {_files.StateImage(number)}");
        Say($"  the check on it again: txlfs crashtest --replay {_files.StateFile(number)}");
    }

    private void SayVerdict(StateVerdict verdict)
    {
        if (verdict.IsGood)
        {
            return;
        }
        string acknowledged = verdict.AcknowledgedLines == 0 ? "nothing had been acknowledged" : $"{verdict.AcknowledgedLines} lines had been acknowledged, the last: {verdict.LastAcknowledged}";
        Say($"  {verdict.Problem}; {acknowledged}");
        foreach (string line in verdict.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(10))
        {
            Say($"    | {line}");
        }
    }

    private void WriteReports(CrashtestReport report)
    {
        if (_options.JUnit is { } junit)
        {
            ScratchFiles.WriteText(junit, report.ToJUnit());
        }
        if (_options.Json is { } json)
        {
            ScratchFiles.WriteText(json, report.ToJson());
        }
    }

    private StateRunner Runner(Recording recording) => new(_files, recording, _mount, _options.Check, _options.TimeoutMs);

    private static string LastLines(string output) => string.Join(" | ", output.Split('\n').TakeLast(3));

    private static void Say(string line) => Console.Out.WriteLine(line);
}
