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
}
