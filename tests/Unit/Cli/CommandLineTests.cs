using System.Diagnostics;
using Txlfs.Fsd.Host;
using Xunit;

namespace Txlfs.Tests.Unit.Cli;

/// <summary>The program as people meet it: a wrong call is one line on stderr and a documented exit code.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("txlfs-cli-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Theory]
    [InlineData(ExitCodes.Usage, "mkfs")]
    [InlineData(ExitCodes.Usage, "frobnicate")]
    [InlineData(ExitCodes.Usage, "mkfs --compression lzo --size 1G new.img")]
    [InlineData(ExitCodes.Usage, "mkfs --size 1Q new.img")]
    [InlineData(ExitCodes.Usage, "mkfs --uuid xyz --size 1G new.img")]
    [InlineData(ExitCodes.Usage, "mkfs --segment-size 3M --size 1G new.img")]
    [InlineData(ExitCodes.Usage, "mkfs .")]
    [InlineData(ExitCodes.NotFound, "mkfs absent.img")]
    [InlineData(ExitCodes.NotFound, "mount absent.img .")]
    [InlineData(ExitCodes.NotFound, "info absent.img")]
    [InlineData(ExitCodes.NotFound, "umount .")]
    [InlineData(ExitCodes.Usage, "dump everything .")]
    [InlineData(ExitCodes.Usage, "crashtest --workload /bin/true")]
    [InlineData(ExitCodes.Usage, "crashtest --workload /bin/true --check /bin/true --cuts 0")]
    [InlineData(ExitCodes.Usage, "crashtest --workload /bin/true --check /bin/true --size much")]
    [InlineData(ExitCodes.NotFound, "crashtest --workload absent.sh --check /bin/true")]
    [InlineData(ExitCodes.NotFound, "crashtest --replay absent.json")]
    [InlineData(ExitCodes.NotFound, "torture absent.img")]
    [InlineData(ExitCodes.NotFound, "torture --check absent.img --size 32M")]
    [InlineData(ExitCodes.Usage, "torture new.img --size 1M")]
    [InlineData(ExitCodes.Usage, "torture new.img --size 32M --minutes x")]
    [InlineData(ExitCodes.Usage, "torture new.img --size 32M --minutes NaN")]
    [InlineData(ExitCodes.Usage, "torture new.img --check --force")]
    public void AWrongCallIsOneLineAndACode(int exitCode, string arguments)
    {
        (int code, _, string error) = Run(arguments);
        Assert.Equal(exitCode, code);
        Assert.StartsWith("txlfs: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.Empty(Directory.GetFiles(_home));
    }

    [Fact]
    public void WhatIsThereIsOnlyFormattedByForce()
    {
        Assert.Equal(ExitCodes.Success, Run("mkfs --quiet --label one --size 64M card.img").Code);
        (int code, _, string error) = Run("mkfs card.img");
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains("txlfs volume", error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Success, Run("mkfs --quiet --force --label two card.img").Code);
        Assert.Contains("two", Run("info card.img").Output, StringComparison.Ordinal);
        Assert.Contains("\"label\": \"two\"", Run("info --json card.img").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void TortureNeedsForceOverAVolumeAndRemembersOnTheCard()
    {
        Assert.Equal(ExitCodes.Success, Run("mkfs --quiet --size 64M card.img").Code);
        Assert.Equal(ExitCodes.Refused, Run("torture card.img").Code);
        Assert.Equal(ExitCodes.BadVolume, Run("torture --check card.img").Code);
        Assert.Equal(ExitCodes.Success, Run("torture --force --size 16M --minutes 0.005 card.img").Code);
        (int code, string output, _) = Run("torture --check --json card.img");
        Assert.Equal(ExitCodes.Success, code);
        Assert.Contains("\"verdict\": \"untested\"", output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Refused, Run("mkfs card.img").Code);
    }

    [Fact]
    public void WhatIsNoVolumeIsNamedAsSuch()
    {
        File.WriteAllBytes(Path.Combine(_home, "junk.img"), new byte[1 << 20]);
        (int code, _, string error) = Run("info junk.img");
        Assert.Equal(ExitCodes.BadVolume, code);
        Assert.Contains("not a txlfs volume", error, StringComparison.Ordinal);
    }

    private (int Code, string Output, string Error) Run(string arguments)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "txlfs"), arguments)
        {
            WorkingDirectory = _home,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.GetAwaiter().GetResult(), error);
    }
}
