using Xunit;

namespace Txlfs.Tests.Mounted;

/// <summary>Modes, owners, times, extended attributes, permission checks, statfs.</summary>
[Trait("Category", "Mounted")]
public class AttributeTests
{
    private const int Nobody = 65534;

    [Theory, ClassData(typeof(Transports))]
    public void ModesOwnersAndSetGidDirectories(string transport)
    {
        using MountedVolume volume = new(transport);
        Posix.WriteFile(volume["file"], "x"u8);
        Posix.Check(Libc.Chmod(volume["file"], 0x9ED), "chmod");
        Assert.Equal(0x89ED, Posix.Stat(volume["file"]).Mode);
        Posix.Check(Libc.Lchown(volume["file"], 1234, 2345), "chown");
        StatxBuffer stat = Posix.Stat(volume["file"]);
        Assert.Equal((1234U, 2345U), (stat.Uid, stat.Gid));
        Assert.Equal(0, stat.Mode & 0x800);
        Posix.MakeDirectory(volume["shared"]);
        Posix.Check(Libc.Lchown(volume["shared"], 0, 777), "chown");
        Posix.Check(Libc.Chmod(volume["shared"], 0x5ED), "chmod");
        Posix.WriteFile(volume["shared/file"], "x"u8);
        Posix.MakeDirectory(volume["shared/below"]);
        Assert.Equal(777U, Posix.Stat(volume["shared/file"]).Gid);
        Assert.Equal(777U, Posix.Stat(volume["shared/below"]).Gid);
        Assert.Equal(0x400, Posix.Stat(volume["shared/below"]).Mode & 0x400);
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void AWriteByAStrangerTakesSetUserIdAway(string transport)
    {
        using MountedVolume volume = new(transport);
        Posix.WriteFile(volume["program"], "x"u8);
        Posix.Check(Libc.Chmod(volume["program"], 0xDFF), "chmod");
        AsNobody($"echo more >> {volume["program"]}");
        Assert.Equal(0, Posix.Stat(volume["program"]).Mode & 0xC00);
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public unsafe void TimesKeepTheirNanoseconds(string transport)
    {
        using MountedVolume volume = new(transport);
        Posix.WriteFile(volume["file"], "x"u8);
        Timespec* times = stackalloc Timespec[2];
        foreach (long seconds in new[] { 0L, 1_000_000_000L, -5L, 5_000_000_000L })
        {
            times[0] = new Timespec(seconds, 111_222_333);
            times[1] = new Timespec(seconds + 1, 999_999_999);
            Posix.Check(Libc.Utimensat(Libc.AtFdcwd, volume["file"], times, 0), "utimensat");
            StatxBuffer stat = Posix.Stat(volume["file"]);
            Assert.Equal((seconds, 111_222_333U), (stat.Atime.Seconds, stat.Atime.Nanoseconds));
            Assert.Equal((seconds + 1, 999_999_999U), (stat.Mtime.Seconds, stat.Mtime.Nanoseconds));
        }
        Timespec* omitted = stackalloc Timespec[] { new(0, Libc.UtimeOmit), new(0, Libc.UtimeNow) };
        StatxBuffer before = Posix.Stat(volume["file"]);
        Posix.Check(Libc.Utimensat(Libc.AtFdcwd, volume["file"], omitted, 0), "utimensat");
        StatxBuffer after = Posix.Stat(volume["file"]);
        Assert.Equal(before.Atime, after.Atime);
        Assert.True(after.Mtime.Seconds > 1_700_000_000 && after.Mtime.Seconds < before.Mtime.Seconds, "the modification time is not now");
        Assert.True(after.Btime.Seconds > 1_700_000_000, "there is no time of birth");
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void ExtendedAttributes(string transport)
    {
        using MountedVolume volume = new(transport);
        string path = volume["file"];
        Posix.WriteFile(path, "x"u8);
        for (int i = 0; i < 40; i++)
        {
            Posix.SetXattr(path, $"user.name{i}", Posix.Random((ulong)i, i * 37));
        }
        Posix.SetXattr(path, "user.large", Posix.Random(99, 60_000));
        Posix.SetXattr(path, "trusted.t", "t"u8.ToArray());
        Assert.Equal(42, Posix.ListXattr(path).Length);
        Assert.Equal(Errno.Eexist, Posix.ErrnoOf(() => Posix.SetXattr(path, "user.name1", [1], 1)));
        Assert.Equal(Errno.Enodata, Posix.ErrnoOf(() => Posix.SetXattr(path, "user.none", [1], 2)));
        Assert.Equal(Errno.Enodata, Posix.ErrnoOf(() => Posix.GetXattr(path, "user.none")));
        Posix.SetXattr(path, "user.large", Posix.Random(98, 3), 2);
        Posix.Check(Libc.Removexattr(path, "user.name7"), "removexattr");
        Assert.Equal(Posix.Random(98, 3), Posix.GetXattr(path, "user.large"));
        Assert.Equal(Posix.Random(39, 39 * 37), Posix.GetXattr(path, "user.name39"));
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void PermissionsHoldForOtherUsers(string transport)
    {
        using MountedVolume volume = new(transport, options: "allow_other");
        Posix.WriteFile(volume["secret"], "s"u8);
        Posix.Check(Libc.Chmod(volume["secret"], 0x180), "chmod");
        Posix.MakeDirectory(volume["closed"]);
        Posix.Check(Libc.Chmod(volume["closed"], 0x1C0), "chmod");
        Posix.MakeDirectory(volume["open"]);
        Posix.Check(Libc.Chmod(volume["open"], 0x3FF), "chmod");
        Posix.WriteFile(volume["open/of-root"], "r"u8);
        Assert.NotEqual(0, TryAsNobody($"cat {volume["secret"]}"));
        Assert.NotEqual(0, TryAsNobody($"ls {volume["closed"]}"));
        Assert.NotEqual(0, TryAsNobody($"touch {volume["new"]}"));
        Assert.NotEqual(0, TryAsNobody($"rm -f {volume["open/of-root"]}"));
        AsNobody($"echo mine > {volume["open/mine"]} && mkdir {volume["open/dir"]} && rm {volume["open/mine"]}");
        Assert.Equal((uint)Nobody, Posix.Stat(volume["open/dir"]).Uid);
        if (Programs.Has("setfacl"))
        {
            Programs.Shell($"setfacl -m u:{Nobody}:r {volume["secret"]} 2>/dev/null && getfacl -n {volume["secret"]} | grep -q user:{Nobody}:r-- || true");
        }
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void StatfsTellsSizeAndFollowsUse(string transport)
    {
        using MountedVolume volume = new(transport, "512M");
        long total = Statfs(volume, "%b") * Statfs(volume, "%S");
        Assert.InRange(total, 400L << 20, 512L << 20);
        long before = Statfs(volume, "%a") * Statfs(volume, "%S");
        Posix.WriteFile(volume["file"], Incompressible(64 << 20));
        volume.Sync();
        long after = Statfs(volume, "%a") * Statfs(volume, "%S");
        Assert.InRange(before - after, 60L << 20, 80L << 20);
        Assert.Equal(255, Statfs(volume, "%l"));
    }

    private static byte[] Incompressible(int length)
    {
        byte[] data = new byte[length];
        new Random(1).NextBytes(data);
        return data;
    }

    private static long Statfs(MountedVolume volume, string format) => long.Parse(Programs.Shell($"stat -f -c {format} {volume.Root}"));

    private static void AsNobody(string script) => Assert.Equal(0, TryAsNobody(script));

    private static int TryAsNobody(string script)
        => Programs.Run("setpriv", [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "sh", "-c", script]).ExitCode;
}
