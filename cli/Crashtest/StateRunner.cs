using System.Globalization;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Crashtest;

/// <summary>What became of one state. <see cref="Problem"/> is null when the check was content.</summary>
internal sealed record StateVerdict(string? Problem, string Output, int AcknowledgedLines, string LastAcknowledged)
{
    public bool IsGood => Problem is null;
}

/// <summary>Makes a state's image, mounts it, and asks the user's check about it.</summary>
internal sealed class StateRunner(ScratchFiles files, Recording recording, TestMount mount, string check, int timeoutMs)
{
    /// <summary>The image is what the cut left, not what the mount made of it: a failing one is built once more to be kept.</summary>
    public async Task<StateVerdict> RunAsync(CrashState state, int number, CancellationToken token)
    {
        files.BuildImage(files.WorkImage, recording, state);
        string[] acknowledged = files.CutAcknowledgements(recording.AckBytesAt(state.Cut));
        ProgramResult? result = null;
        string? problem = null;
        try
        {
            mount.Mount(files.WorkImage);
            result = await ProgramRunner.RunAsync(check, mount.Directory, Environment(mount.Directory, files.AcknowledgedBefore, number), timeoutMs, token).ConfigureAwait(false);
            problem = result.IsGood ? null : $"the check: {result.Ending}";
            await mount.UnmountAsync().ConfigureAwait(false);
        }
        catch (CommandException refused)
        {
            problem ??= result is null ? $"the volume does not mount: {refused.Message}" : $"the volume does not unmount: {refused.Message}";
            mount.Abandon();
        }
        return new StateVerdict(problem, result?.Output ?? "", acknowledged.Length, acknowledged.LastOrDefault(""));
    }

    public static Dictionary<string, string> Environment(string directory, string acknowledged, int? number = null)
    {
        Dictionary<string, string> environment = new() { ["TXLFS_MOUNT"] = directory, ["TXLFS_ACK"] = acknowledged };
        if (number is { } state)
        {
            environment["TXLFS_STATE"] = state.ToString(CultureInfo.InvariantCulture);
        }
        return environment;
    }
}
