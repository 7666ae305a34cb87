using System.Text.Json;
using Txlfs.Fsd.Host;
using Xunit;

namespace Txlfs.Tests.Mounted.Control;

/// <summary>The tool and the daemon of a real mount, over its control socket.</summary>
[Trait("Category", "Mounted")]
public class ControlTests
{
    [Fact]
    public void TheDaemonTellsLiveFiguresAndTakesOrders()
    {
        using MountedVolume volume = new("dev", "256M");
        Posix.WriteFile(volume["file"], Posix.Random(1, 3_000_000));
        MountedVolume.Tool($"sync {volume.Root}");
        MountedVolume.Tool($"checkpoint {volume.Image}");
        using JsonDocument info = JsonDocument.Parse(MountedVolume.Tool($"info --json {volume.Root}"));
        JsonElement live = info.RootElement.GetProperty("live");
        Assert.Equal(volume.Daemons().Single(), live.GetProperty("pid").GetInt32());
        Assert.Equal(volume.Root, live.GetProperty("mountPoint").GetString());
        Assert.True(live.GetProperty("log").GetProperty("bytes").GetInt64() >= 3_000_000);
        Assert.True(live.GetProperty("memory").GetProperty("residentBytes").GetInt64() > 1 << 20);
        Assert.Contains("device.flushes", MountedVolume.Tool($"stat {volume.Root}"), StringComparison.Ordinal);
        Assert.Contains("can be written:", MountedVolume.Tool($"info {volume.Image}"), StringComparison.Ordinal);
        volume.Unmount();
        Assert.Equal(ExitCodes.NotFound, MountedVolume.TryTool($"stat {volume.Image}").ExitCode);
        Assert.DoesNotContain("daemon:", MountedVolume.Tool($"info {volume.Image}"), StringComparison.Ordinal);
    }

    [Fact]
    public void ADaemonThatWasKilledLeavesNothingInTheWay()
    {
        using MountedVolume volume = new("dev", "256M");
        volume.KillAndMount();
        MountedVolume.Tool($"sync {volume.Root}");
        volume.Kill();
        Assert.Equal(ExitCodes.NotFound, MountedVolume.TryTool($"sync {volume.Image}").ExitCode);
    }

    [Fact]
    public void AVolumeGrowsMountedAndNot()
    {
        using MountedVolume volume = new("dev", "64M");
        byte[] content = Posix.Random(2, 20_000_000);
        Posix.WriteFile(volume["first"], content);
        MountedVolume.Tool($"resize {volume.Root} 128M");
        Assert.Equal(128 << 20, new FileInfo(volume.Image).Length);
        byte[] more = Posix.Random(3, 70_000_000);
        Posix.WriteFile(volume["second"], more);
        MountedVolume.Tool($"sync {volume.Root}");
        volume.KillAndMount();
        Assert.Equal(content, Posix.ReadFile(volume["first"]));
        Assert.Equal(more, Posix.ReadFile(volume["second"]));
        volume.Unmount();
        Assert.Contains("192 MiB now", MountedVolume.Tool($"resize {volume.Image} 192M"), StringComparison.Ordinal);
        Assert.Contains("already", MountedVolume.Tool($"resize {volume.Image}"), StringComparison.Ordinal);
        Assert.Equal(ExitCodes.System, MountedVolume.TryTool($"resize {volume.Image} 64M").ExitCode);
        volume.Mount();
        Assert.Equal(more, Posix.ReadFile(volume["second"]));
        Assert.Contains("192 MiB", MountedVolume.Tool($"info {volume.Root}"), StringComparison.Ordinal);
    }

    [Fact]
    public void LabelUuidAndCodecChangeMountedAndNot()
    {
        const string uuid = "0f0e0d0c-0b0a-4908-8706-050403020100";
        using MountedVolume volume = new("dev", "64M");
        Posix.WriteFile(volume["before"], Posix.Random(4, 100_000));
        MountedVolume.Tool($"tune {volume.Root} --label live --uuid {uuid} --compression zstd");
        Assert.Contains(uuid, MountedVolume.Tool($"info {volume.Root}"), StringComparison.Ordinal);
        Posix.WriteFile(volume["after"], Posix.Random(5, 100_000));
        MountedVolume.Tool($"sync {volume.Root}");
        volume.KillAndMount();
        Assert.Equal(Posix.Random(4, 100_000), Posix.ReadFile(volume["before"]));
        Assert.Equal(Posix.Random(5, 100_000), Posix.ReadFile(volume["after"]));
        volume.Unmount();
        Assert.Contains("zstd", MountedVolume.Tool($"info {volume.Image}"), StringComparison.Ordinal);
        Assert.DoesNotContain(uuid, MountedVolume.Tool($"tune {volume.Image} -U random"), StringComparison.Ordinal);
        Assert.Contains("'live'", MountedVolume.Tool($"tune {volume.Image} --compression none"), StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, MountedVolume.TryTool($"tune {volume.Image}").ExitCode);
        volume.Mount();
        Assert.Equal(Posix.Random(5, 100_000), Posix.ReadFile(volume["after"]));
    }
}
