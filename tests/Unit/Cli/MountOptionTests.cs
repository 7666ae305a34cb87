using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Host;
using Txlfs.Fsd.Operations;
using Txlfs.Journal.Device.Files;
using Xunit;

namespace Txlfs.Tests.Unit.Cli;

public class MountOptionTests
{
    [Fact]
    public void EveryOptionOfTheReadmeIsUnderstood()
    {
        MountSettings settings = MountOptionParser.Parse(
            ["ro,strict,transport=dev,memory=256M", "checkpoint=64,commit=250,noatime,discard,allow_other,engine=threads,nosuid,noexec,log=/var/log/txlfs.log"]);
        Assert.True(settings.IsReadOnly);
        Assert.True(settings.IsStrict);
        Assert.Equal(FuseTransportKind.Dev, settings.Transport);
        Assert.Equal(256L << 20, settings.MemoryBytes);
        Assert.Equal(64L << 20, settings.CheckpointLogBytes);
        Assert.Equal(250, settings.CommitIntervalMs);
        Assert.Equal(AtimePolicy.Never, settings.Atime);
        Assert.True(settings.Discard);
        Assert.True(settings.AllowOther);
        Assert.Equal(IoEngineKind.Threads, settings.Engine);
        Assert.Equal(["nosuid", "noexec"], settings.KernelOptions);
        Assert.Equal("/var/log/txlfs.log", settings.LogFile);
    }

    [Fact]
    public void WhatMountSaysToIgnoreIsIgnored()
    {
        MountSettings settings = MountOptionParser.Parse(
            ["defaults,auto,noauto,nofail,user,users,_netdev,x-systemd.automount,comment=card,uhelper=udisks2,,rw"]);
        Assert.Equal(new MountSettings().IsReadOnly, settings.IsReadOnly);
        Assert.Empty(settings.KernelOptions);
    }

    [Fact]
    public void TheLastOptionWins() => Assert.False(MountOptionParser.Parse(["ro,rw"]).IsReadOnly);

    [Theory]
    [InlineData("norelatme", "norelatme")]
    [InlineData("memory=12", "memory=12")]
    [InlineData("memory=lots", "memory=lots")]
    [InlineData("transport=tcp", "auto, uring, dev")]
    [InlineData("commit=0", "commit=0")]
    [InlineData("checkpoint=-1", "checkpoint=-1")]
    [InlineData("log=relative", "absolute")]
    [InlineData("ro=1", "ro")]
    public void AWrongOptionIsNamedInOneLine(string option, string expected)
    {
        CommandException refused = Assert.Throws<CommandException>(() => MountOptionParser.Parse([option]));
        Assert.Equal(ExitCodes.Usage, refused.ExitCode);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void DaemonArgumentsSurviveTheirCommandLine()
    {
        DaemonArguments arguments = new() { Device = "/tmp/card.img", Directory = "/mnt/data", Options = ["ro", "memory=128M"], StatusDescriptor = 3 };
        DaemonArguments parsed = DaemonArguments.Parse([.. arguments.ToCommandLine("fsd").Skip(1)]);
        Assert.Equal(arguments.Device, parsed.Device);
        Assert.Equal(arguments.Directory, parsed.Directory);
        Assert.Equal(arguments.Options, parsed.Options);
        Assert.Equal(3, parsed.StatusDescriptor);
    }

    [Theory]
    [InlineData("one")]
    [InlineData("one", "two", "three")]
    [InlineData("one", "two", "-o")]
    [InlineData("one", "two", "--nonsense")]
    public void AWrongDaemonCommandLineIsAUsageError(params string[] arguments)
        => Assert.Equal(ExitCodes.Usage, Assert.Throws<CommandException>(() => DaemonArguments.Parse(arguments)).ExitCode);
}
