using System.Text.RegularExpressions;
using Xunit;

namespace Txlfs.Tests.Mounted.PowerCuts;

/// <summary>txlfs crashtest on a program that is right, and on one that acknowledges what it has not made durable.</summary>
[Trait("Category", "Mounted")]
public sealed class CrashtestTests : IDisposable
{
    private const int Failed = 1, Usage = 64;

    private const string Check = """
        for name in $(cat "$TXLFS_ACK"); do
            [ "$(cat "$name")" = "text of $name" ] || { echo "$name was acknowledged and is not there"; exit 1; }
        done
        """;

    private readonly string _home = Directory.CreateTempSubdirectory("txlfs-test-").FullName;

    public void Dispose() => Directory.Delete(_home, true);

    [Fact]
    public void ARightProgramPasses()
    {
        (int exitCode, string output) = Crashtest(Workload("sync \"$name\""), Check, "--cuts 6 --seed 1");
        Assert.True(exitCode == 0, output);
        Assert.Contains("6 power-cut states, all passed", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output));
    }

    [Fact]
    public void AnAcknowledgementBeforeTheSyncIsFoundAndCanBeReplayed()
    {
        string junit = Path.Combine(_home, "junit.xml");
        (int exitCode, string output) = Crashtest(Workload("case $name in note3) ;; *) sync \"$name\";; esac"), Check, $"--cuts 10 --seed 1 --junit {junit}");
        Assert.True(exitCode == Failed, output);
        Assert.Contains("note3 was acknowledged and is not there", output, StringComparison.Ordinal);
        Assert.Contains("<failure", File.ReadAllText(junit), StringComparison.Ordinal);

        string stateFile = Regex.Match(output, @"--replay (\S+)").Groups[1].Value;
        (exitCode, output) = MountedVolume.TryTool($"crashtest --replay {stateFile}");
        Assert.True(exitCode == Failed, output);
        Assert.Contains("note3 was acknowledged and is not there", output, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatAProgramLeavesRunningIsEnded()
    {
        (int exitCode, string output) = Crashtest("sleep 1000 & \n" + Workload("sync \"$name\""), Check, "--cuts 1 --timeout 30");
        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public void AWorkloadThatFailsByItselfIsSaidSo()
    {
        (int exitCode, string output) = Crashtest("echo broken; exit 3", Check, "--cuts 1");
        Assert.True(exitCode == Usage, output);
        Assert.Contains("without any power cut: exit code 3: broken", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output));
    }

    private string Output => Path.Combine(_home, "output");

    private static string Workload(string sync) => $"""
        for name in note1 note2 note3 note4; do
            echo "text of $name" > "$name"
            {sync}
            echo "$name" >> "$TXLFS_ACK"
        done
        """;

    private (int ExitCode, string Output) Crashtest(string workload, string check, string arguments)
        => MountedVolume.TryTool($"crashtest --workload {Script("workload", workload)} --check {Script("check", check)} --size 64M --output {Output} {arguments}");

    private string Script(string name, string text)
    {
        string path = Path.Combine(_home, name);
        File.WriteAllText(path, "#!/bin/sh\nset -e\n" + text + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
