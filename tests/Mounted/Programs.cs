using System.Diagnostics;

namespace Txlfs.Tests.Mounted;

/// <summary>Runs other programs; what they say is part of the failure message.</summary>
internal static class Programs
{
    public const int TimeoutMs = 300_000;
    private const int PipesMs = 20_000;

    public static bool Has(string program) => Run("sh", ["-c", $"command -v {program}"]).ExitCode == 0;

    public static string Shell(string script, string directory = "/")
    {
        (int exitCode, string output) = Run("sh", ["-ec", script], directory);
        return exitCode == 0 ? output : throw new InvalidOperationException($"exit code {exitCode} of: {script}\n{output}");
    }

    public static (int ExitCode, string Output) Run(string program, IEnumerable<string> arguments, string directory = "/")
    {
        using Process process = Start(program, arguments, directory);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeoutMs))
        {
            process.Kill(true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end");
        }
        // What the program left behind may keep its pipes open: what was said by now is enough.
        Task.WaitAll([output, errors], PipesMs);
        return (process.ExitCode, (output.IsCompleted ? output.Result : "") + (errors.IsCompleted ? errors.Result : ""));
    }

    public static Process Start(string program, IEnumerable<string> arguments, string directory = "/")
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = directory };
        start.Environment["LC_ALL"] = "C";
        start.Environment["HOME"] = Path.GetTempPath();
        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }
}
