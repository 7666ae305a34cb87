using Xunit;

namespace Txlfs.Tests.Mounted;

/// <summary>A full volume: an honest ENOSPC, deletes that work, room again afterwards; and one volume is never mounted twice.</summary>
[Trait("Category", "Mounted")]
public class SpaceTests
{
    [Theory, ClassData(typeof(Transports))]
    public void AFullVolumeSaysSoAndTakesDataAgainAfterADelete(string transport)
    {
        using MountedVolume volume = new(transport, "64M");
        for (int round = 0; round < 3; round++)
        {
            List<string> whole = Fill(volume, round);
            Assert.True(whole.Count > 10, $"only {whole.Count} files of 1 MiB went into 64 MiB");
            foreach (string name in whole)
            {
                Assert.Equal(Content(name), Posix.ReadFile(volume[name]));
            }
            volume.KillAndMount();
            foreach (string name in whole)
            {
                Assert.Equal(Content(name), Posix.ReadFile(volume[name]));
            }
            foreach (string path in Directory.GetFileSystemEntries(volume.Root))
            {
                Posix.Unlink(path);
            }

            // The kernel may still owe us the ENOSPC of pages that it could not write back while the volume was full: it tells the first who asks.
            if (Posix.ErrnoOf(volume.Sync) == Errno.Enospc)
            {
                volume.Sync();
            }
        }
        Posix.WriteFile(volume["again"], Content("again"));
        volume.CheckAfterRemounts();
    }

    /// <summary>The names of the files that were written and fsynced before the volume was full.</summary>
    private static List<string> Fill(MountedVolume volume, int round)
    {
        List<string> whole = [];
        for (int i = 0; i < 100; i++)
        {
            string name = $"round{round}-{i}";
            int errno = Posix.ErrnoOf(() =>
            {
                using OpenFile file = new(volume[name], Libc.OWronly | Libc.OCreat);
                file.Write(0, Content(name));
                file.Sync();
            });
            if (errno != 0)
            {
                Assert.Equal(Errno.Enospc, errno);
                return whole;
            }
            whole.Add(name);
        }
        throw new InvalidOperationException("100 MiB went into a volume of 64 MiB");
    }

    private static byte[] Content(string name)
    {
        byte[] data = new byte[1 << 20];
        new Random((int)Model.Hashing.Of(name)).NextBytes(data);
        return data;
    }

    [Fact]
    public void AMountedImageIsRefusedToASecondDaemonAndToMkfs()
    {
        using MountedVolume volume = new("dev", "128M");
        string second = Directory.CreateTempSubdirectory("txlfs-second-").FullName;
        try
        {
            Assert.NotEqual(0, MountedVolume.TryTool($"mount {volume.Image} {second}").ExitCode);
            Assert.NotEqual(0, MountedVolume.TryTool($"mkfs {volume.Image}").ExitCode);
            Assert.NotEqual(0, MountedVolume.TryTool($"mkfs --force {volume.Image}").ExitCode);
            Posix.WriteFile(volume["still"], "alive"u8);
            volume.CheckAfterRemounts();
        }
        finally
        {
            Programs.Run("umount", ["-l", second]);
            Directory.Delete(second);
        }
    }

    [Fact]
    public void AReadOnlyMountRefusesToChangeAnything()
    {
        using MountedVolume volume = new("dev", "128M");
        Posix.WriteFile(volume["file"], "x"u8);
        volume.Unmount();
        MountedVolume.Tool($"mount {volume.Image} {volume.Root} -o ro");
        Assert.Equal("x"u8.ToArray(), Posix.ReadFile(volume["file"]));
        Assert.Equal(Errno.Erofs, Posix.ErrnoOf(() => Posix.WriteFile(volume["new"], "y"u8)));
        Assert.Equal(Errno.Erofs, Posix.ErrnoOf(() => Posix.Unlink(volume["file"])));
    }

    [Fact]
    public void StrictModeHandsEveryWriteToTheDaemonAtOnce()
    {
        using MountedVolume volume = new("dev", "64M", options: "strict");
        using OpenFile file = new(volume["file"], Libc.OWronly | Libc.OCreat);
        int errno = Posix.ErrnoOf(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                file.Write((long)i << 20, Content($"{i}"));
            }
        });
        Assert.Equal(Errno.Enospc, errno);
    }
}
