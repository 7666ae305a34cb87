using System.Diagnostics;
using System.Text.Json;
using Txlfs.Cli.Faces;
using Txlfs.Cli.Fsck;
using Txlfs.Fsd.Host;
using Txlfs.Lfs.Verify;
using Xunit;

namespace Txlfs.Tests.Unit.Cli;

/// <summary>fsck as fsck(8), boot scripts and people call it: exit codes, flags, JSON, progress.</summary>
public sealed class FsckCommandTests : IDisposable
{
    private const int RingBytes = 64 * 1024;
    private readonly string _home = Directory.CreateTempSubdirectory("txlfs-fsck-").FullName;

    public FsckCommandTests()
    {
        Run("txlfs", "mkfs --quiet --size 64M card.img", ExitCodes.Success);
        File.CreateSymbolicLink(Path.Combine(_home, "fsck.txlfs"), Path.Combine(AppContext.BaseDirectory, "txlfs"));
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("-n")]
    [InlineData("-p")]
    [InlineData("-a -C0")]
    [InlineData("-fy")]
    [InlineData("-n -f -v --data")]
    public void ACleanVolumeIsZero(string flags)
    {
        Run("txlfs", $"fsck {flags.Replace("-C0", "", StringComparison.Ordinal).Replace("-fy", "-f -y", StringComparison.Ordinal)} card.img", ExitCodes.Fsck.Clean);
        Run("fsck.txlfs", $"{flags} card.img", ExitCodes.Fsck.Clean);
    }

    [Fact]
    public void WhatPreenMayMendItMends()
    {
        Overwrite((64L << 20) - 4096, 512);
        Assert.Contains("nothing was changed", Run("fsck.txlfs", "-n card.img", ExitCodes.Fsck.ErrorsLeft), StringComparison.Ordinal);
        Assert.Contains("all mended", Run("fsck.txlfs", "-p card.img", ExitCodes.Fsck.Corrected), StringComparison.Ordinal);
        Run("fsck.txlfs", "-n -f card.img", ExitCodes.Fsck.Clean);
    }

    [Fact]
    public void WhatWantsAPersonIsLeftByPreen()
    {
        Overwrite(RingBytes, 256 * 4096);
        Assert.Contains("--rebuild", Run("fsck.txlfs", "-p card.img", ExitCodes.Fsck.ErrorsLeft), StringComparison.Ordinal);
        Assert.Contains("rebuilt", Run("fsck.txlfs", "-y card.img", ExitCodes.Fsck.Corrected), StringComparison.Ordinal);
        Run("fsck.txlfs", "-f -n card.img", ExitCodes.Fsck.Clean);
        Run("txlfs", "fsck --rebuild -y card.img", ExitCodes.Fsck.Clean);
    }

    [Theory]
    [InlineData("-n absent.img", ExitCodes.Fsck.Operational)]
    [InlineData("-n junk.img", ExitCodes.Fsck.Operational)]
    [InlineData("", ExitCodes.Fsck.Usage)]
    [InlineData("-n -y card.img", ExitCodes.Fsck.Usage)]
    [InlineData("-p --rebuild card.img", ExitCodes.Fsck.Usage)]
    [InlineData("-Q card.img", ExitCodes.Fsck.Usage)]
    [InlineData("--frobnicate card.img", ExitCodes.Fsck.Usage)]
    [InlineData("card.img card.img", ExitCodes.Fsck.Usage)]
    [InlineData("--memory much card.img", ExitCodes.Fsck.Usage)]
    public void AWrongCallIsOneLineAndItsCode(string arguments, int exitCode)
    {
        File.WriteAllBytes(Path.Combine(_home, "junk.img"), new byte[1 << 20]);
        Assert.Single(Run("fsck.txlfs", arguments, exitCode).TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void JsonSaysWhatWasFound()
    {
        Overwrite(0, 512);
        using JsonDocument json = JsonDocument.Parse(Run("txlfs", "fsck -n --json card.img", ExitCodes.Fsck.ErrorsLeft));
        JsonElement finding = Assert.Single(json.RootElement.GetProperty("found").EnumerateArray());
        Assert.Equal(("superblock", "error", "certain"), (finding.GetProperty("kind").GetString(), finding.GetProperty("severity").GetString(), finding.GetProperty("remedy").GetString()));
        Assert.Equal(4, json.RootElement.GetProperty("exitCode").GetInt32());
        Assert.Equal(1, json.RootElement.GetProperty("inodes").GetInt32());
    }

    [Fact]
    public void ProgressGoesToTheDescriptorOfFsck()
    {
        string lines = Run("fsck.txlfs", "-n -f -C 1 card.img", ExitCodes.Fsck.Clean);
        Assert.Matches(@"(?m)^3 \d+ \d+ /.*card\.img$", lines);
    }

    [Fact]
    public void FlagsMayBeJoinedAndTheDeviceMayStandAnywhere()
    {
        FsckRequest request = FsckFace.Parse(["-fvy", "x.img", "-C5", "--data", "--memory", "200M"]);
        Assert.Equal((RepairMode.All, true, true, true, 5, 200L << 20), (request.Repair, request.IsForced, request.IsVerbose, request.ChecksData, request.ProgressDescriptor, request.MemoryBytes));
    }

    private void Overwrite(long offset, int length)
    {
        using FileStream file = new(Path.Combine(_home, "card.img"), FileMode.Open, FileAccess.Write);
        file.Position = offset;
        file.Write(Enumerable.Repeat((byte)0xA5, length).ToArray());
    }

    /// <summary>What it said, on both streams.</summary>
    private string Run(string program, string arguments, int exitCode)
    {
        string path = program == "txlfs" ? Path.Combine(AppContext.BaseDirectory, "txlfs") : Path.Combine(_home, program);
        ProcessStartInfo start = new(path, arguments) { WorkingDirectory = _home, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        string said = output.GetAwaiter().GetResult() + error;
        Assert.True(process.ExitCode == exitCode, $"{program} {arguments}: {process.ExitCode}, {said}");
        return said;
    }
}
