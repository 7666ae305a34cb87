using System.Diagnostics;
using System.Text;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Crashtest;

/// <summary>How a user's program ended. <see cref="Output"/> is the end of what it said on both streams.</summary>
internal sealed record ProgramResult(int ExitCode, bool IsTimedOut, string Output)
{
    public bool IsGood => ExitCode == 0 && !IsTimedOut;
    public string Ending => IsTimedOut ? "did not end in time" : $"exit code {ExitCode}";
}

/// <summary>Runs a user's workload or check, with all its children, in the mounted volume.</summary>
internal static class ProgramRunner
{
    private const int MostOutputChars = 8192;

    /// <exception cref="CommandException">It cannot be started.</exception>
    public static async Task<ProgramResult> RunAsync(string program, string directory, IReadOnlyDictionary<string, string> environment, int timeoutMs, CancellationToken token)
    {
        ProcessStartInfo start = new(program) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        using Process process = Start(start);
        process.StandardInput.Close();
        StringBuilder output = new();
        process.OutputDataReceived += (_, line) => Keep(output, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(output, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(token);
        limit.CancelAfter(timeoutMs);
        bool isTimedOut = !await HasEndedAsync(process, limit.Token).ConfigureAwait(false);
        if (isTimedOut)
        {
            process.Kill(entireProcessTree: true);
        }
        Leftovers.End(directory);
        token.ThrowIfCancellationRequested();

        // Only now: whoever was left running would have kept its end of the streams open.
        await process.WaitForExitAsync(token).ConfigureAwait(false);
        return new ProgramResult(isTimedOut ? -1 : process.ExitCode, isTimedOut, Text(output));
    }

    /// <summary>The program itself, whatever it has left running. False: the token came first.</summary>
    private static async Task<bool> HasEndedAsync(Process process, CancellationToken token)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => ended.TrySetResult();
        using CancellationTokenRegistration registration = token.Register(() => ended.TrySetCanceled(token));
        if (process.HasExited)
        {
            return true;
        }
        try
        {
            await ended.Task.ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception refused)
        {
            throw new CommandException(ExitCodes.NotFound, $"cannot run {start.FileName}: {refused.Message} (is it executable, with a first line such as #!/bin/sh?)");
        }
    }

    private static void Keep(StringBuilder output, string? line)
    {
        if (line is null)
        {
            return;
        }
        lock (output)
        {
            output.Append(line).Append('\n');
            if (output.Length > 2 * MostOutputChars)
            {
                output.Remove(0, output.Length - MostOutputChars);
            }
        }
    }

    private static string Text(StringBuilder output)
    {
        lock (output)
        {
            return output.ToString().Trim();
        }
    }
}
