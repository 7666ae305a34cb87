using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace Txlfs.Tests.Mounted;

/// <summary>SIGKILL of the daemon in the middle of work: what was acknowledged is there, and the volume mounts again.</summary>
[Trait("Category", "Mounted")]
public class KillTests
{
    [Theory, ClassData(typeof(Transports))]
    public async Task WhatWasFsyncedIsThereAfterAKillInTheMiddleOfWrites(string transport)
    {
        using MountedVolume volume = new(transport);
        for (int round = 0; round < 3; round++)
        {
            List<string> acknowledged = [];
            Task writer = Task.Run(() => WriteUntilItFails(volume, round, acknowledged));
            WaitFor(() => Count(acknowledged) >= 50, writer);
            volume.Kill();
            await writer;
            volume.Mount();
            foreach (string name in acknowledged)
            {
                Assert.Equal(Content(name), Posix.ReadFile(volume[name]));
            }
        }
    }

    /// <summary>Write a temporary file, fsync, rename over the target: after a kill the target is the old or the new one, whole.</summary>
    [Theory, ClassData(typeof(Transports))]
    public async Task AReplacedFileIsOldOrNewNeverEmpty(string transport)
    {
        using MountedVolume volume = new(transport);
        int replaced = -1;
        Posix.WriteFile(volume["config"], Content("0"));
        volume.Sync();
        Task writer = Task.Run(() =>
        {
            for (int i = 0; Posix.ErrnoOf(() => Replace(volume, i)) == 0; i++)
            {
                Volatile.Write(ref replaced, i);
            }
        });
        WaitFor(() => Volatile.Read(ref replaced) >= 200, writer);
        volume.Kill();
        await writer;
        volume.Mount();
        byte[] shown = Posix.ReadFile(volume["config"]);
        int version = Enumerable.Range(0, replaced + 2).LastOrDefault(i => Content($"{i}").AsSpan().SequenceEqual(shown), -1);
        Assert.True(version >= 0, $"after {replaced} replacements the file has {shown.Length} bytes that nobody wrote");
    }

    [Theory, ClassData(typeof(Transports))]
    public void AnOrphanIsRemovedAtTheNextMount(string transport)
    {
        using MountedVolume volume = new(transport, "256M");
        volume.Sync();
        long before = Free(volume);
        OpenFile orphan = new(volume["orphan"], Libc.ORdwr | Libc.OCreat);
        orphan.Write(0, Posix.Random(3, 20_000_000));
        Posix.Unlink(volume["orphan"]);
        volume.Sync();
        volume.Kill();
        Assert.Throws<Win32Exception>(() => orphan.Sync());
        Posix.ErrnoOf(orphan.Dispose);
        volume.Mount();
        Assert.Empty(Directory.GetFileSystemEntries(volume.Root));

        // Free space is counted in whole segments of 4 MiB, and the heads have begun some since: less than the orphan's 20 MB, more than one segment.
        const long begun = 12 << 20;
        WaitFor(() => Free(volume) + begun > before, Task.Delay(30_000));
        Assert.True(Free(volume) + begun > before, "the orphan still holds its space");
    }

    private static void WriteUntilItFails(MountedVolume volume, int round, List<string> acknowledged)
    {
        for (int i = 0; ; i++)
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
                return;
            }
            lock (acknowledged)
            {
                acknowledged.Add(name);
            }
        }
    }

    private static void Replace(MountedVolume volume, int version)
    {
        using (OpenFile file = new(volume["config.new"], Libc.OWronly | Libc.OCreat | Libc.OTrunc))
        {
            file.Write(0, Content($"{version}"));
        }
        Posix.Rename(volume["config.new"], volume["config"]);
    }

    private static byte[] Content(string name) => Posix.Random(Model.Hashing.Of(name), 500 + (int)(Model.Hashing.Of(name) % 40_000));

    private static int Count(List<string> list)
    {
        lock (list)
        {
            return list.Count;
        }
    }

    private static long Free(MountedVolume volume) => long.Parse(Programs.Shell($"stat -f -c %a {volume.Root}")) * long.Parse(Programs.Shell($"stat -f -c %S {volume.Root}"));

    private static void WaitFor(Func<bool> condition, Task unless)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition() && !unless.IsCompleted && watch.ElapsedMilliseconds < 60_000)
        {
            Thread.Sleep(5);
        }
    }
}
