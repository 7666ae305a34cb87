using System.Text.Json;
using Txlfs.Fsd.Host;
using Xunit;

namespace Txlfs.Tests.Mounted.Control;

/// <summary><c>txlfs fsck</c> of a mounted volume: nothing is found while programs write, and damage below a mount that does not see it is.</summary>
[Trait("Category", "Mounted")]
public class OnlineFsckTests
{
    [Fact]
    public async Task NothingIsFoundWhileProgramsWrite()
    {
        using MountedVolume volume = new("dev", "256M");
        for (int i = 0; i < 500; i++)
        {
            Posix.WriteFile(volume[$"file{i}"], Posix.Random((ulong)i, 1000 + (i * 40)));
        }
        using CancellationTokenSource stop = new();
        Task writer = Task.Run(() => Rewrite(volume, stop.Token));
        for (int i = 0; i < 3; i++)
        {
            (int exitCode, string output) = MountedVolume.TryTool($"fsck {(i == 0 ? "" : "--data")} {(i < 2 ? volume.Root : volume.Image)}");
            Assert.True(exitCode == 0, output);
            Assert.Contains("clean", output, StringComparison.Ordinal);
        }
        await stop.CancelAsync();
        await writer;
        volume.Unmount();
        Assert.Equal(0, MountedVolume.TryTool($"fsck -n -f --data {volume.Image}").ExitCode);
    }

    [Fact]
    public void DamageBelowALivingMountIsFound()
    {
        using MountedVolume volume = new("dev", "256M");
        for (int i = 0; i < 500; i++)
        {
            Posix.WriteFile(volume[$"file{i}"], Posix.Random((ulong)i, 6000));
        }
        MountedVolume.Tool($"checkpoint {volume.Root}");
        Assert.Equal(0, MountedVolume.TryTool($"fsck --data {volume.Root}").ExitCode);
        Damage(volume.Image, 4 << 20, 8 << 20);
        (int exitCode, string output) = MountedVolume.TryTool($"fsck --data --json {volume.Root}");
        Assert.True(exitCode == ExitCodes.Fsck.ErrorsLeft, output);
        using JsonDocument report = JsonDocument.Parse(output);
        Assert.True(report.RootElement.GetProperty("errorsFound").GetInt64() > 0);
        Assert.NotEqual(0, report.RootElement.GetProperty("found").GetArrayLength());
        Assert.NotEqual(0, MountedVolume.TryTool($"fsck -y {volume.Root}").ExitCode);
    }

    private static void Rewrite(MountedVolume volume, CancellationToken stop)
    {
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            Posix.WriteFile(volume[$"file{(i * 13) % 500}"], Posix.Random((ulong)i, 500 + (i % 60_000)));
            Posix.WriteFile(volume[$"new{i % 50}"], Posix.Random((ulong)i, 100));
        }
    }

    /// <summary>Bits of every byte of the range flip on the image, past the daemon.</summary>
    private static void Damage(string image, long offsetBytes, int lengthBytes)
    {
        // Not a FileStream, which wants the lock that the daemon holds.
        using OpenFile file = new(image, Libc.ORdwr);
        byte[] bytes = file.Read(offsetBytes, lengthBytes);
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 0x5A;
        }
        file.Write(offsetBytes, bytes);
        file.Sync();
    }
}
