using System.Diagnostics;
using Xunit;

namespace Txlfs.Tests.Mounted;

/// <summary>
/// A freshly formatted image in a directory of its own, mounted by the real programs. Disposal unmounts and removes whatever state a failed
/// test has left.
/// </summary>
internal sealed class MountedVolume : IDisposable
{
    private const int WaitMs = 30_000;
    private readonly string _home = Directory.CreateTempSubdirectory("txlfs-test-").FullName;
    private readonly string _options;

    public MountedVolume(string transport, string size = "1G", string options = "", string mkfsOptions = "")
    {
        _options = "transport=" + transport + (options.Length > 0 ? "," + options : "");
        Image = Path.Combine(_home, "image");
        Root = Path.Combine(_home, "mount");
        Directory.CreateDirectory(Root);
        try
        {
            // Other users must be able to reach the mount point.
            Posix.Check(Libc.Chmod(_home, 0x1ED), "chmod");
            Tool($"mkfs {mkfsOptions} --size {size} {Image}");
            Mount();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Image { get; }

    /// <summary>The mount point.</summary>
    public string Root { get; }

    public string this[string name] => Path.Combine(Root, name);

    /// <summary>The programs as they were built, next to the tests.</summary>
    public static string ToolPath => Path.Combine(AppContext.BaseDirectory, "txlfs");

    public static string Tool(string arguments)
    {
        (int exitCode, string output) = TryTool(arguments);
        return exitCode == 0 ? output : throw new InvalidOperationException($"exit code {exitCode} of: txlfs {arguments}\n{output}");
    }

    public static (int ExitCode, string Output) TryTool(string arguments)
        => Programs.Run(ToolPath, arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    public void Mount() => Tool($"mount {Image} {Root} -o {_options}");

    public void Unmount()
    {
        int[] daemons = Daemons();

        // A process that another test starts at this moment has our descriptors until it calls exec: then the mount is in use for a millisecond.
        const int inUse = 69;
        int tries = 20;
        int exitCode;
        string output;
        while (((exitCode, output) = TryTool($"umount {Root}")).exitCode == inUse && --tries > 0)
        {
            Thread.Sleep(50);
        }
        Assert.True(exitCode == 0, $"umount: exit code {exitCode}: {output}");
        WaitForEnd(daemons);
    }

    public void Remount()
    {
        Unmount();
        Mount();
    }

    /// <summary>SIGKILL to the daemon; the dead mount is taken away.</summary>
    public void Kill()
    {
        int[] daemons = Daemons();
        Assert.NotEmpty(daemons);
        foreach (int pid in daemons)
        {
            Libc.Kill(pid, 9);
        }
        WaitForEnd(daemons);
        Programs.Run("umount", ["-l", Root]);
    }

    public void KillAndMount()
    {
        Kill();
        Mount();
    }

    /// <summary>Unmount and mount, then sync, SIGKILL and mount: the tree must look the same each time.</summary>
    public void CheckAfterRemounts()
    {
        List<string> before = TreeDigest.Of(Root);
        Remount();
        CheckSame(before, "an unmount and mount");
        Sync();
        KillAndMount();
        CheckSame(before, "a SIGKILL and mount");
    }

    private void CheckSame(List<string> before, string between)
    {
        List<string> after = TreeDigest.Of(Root);
        IEnumerable<string> changes = before.Except(after).Select(line => "was " + line).Concat(after.Except(before).Select(line => "is  " + line));
        Assert.True(before.SequenceEqual(after), $"the tree changed over {between}:\n{string.Join('\n', changes.Take(20))}");
    }

    public void Sync()
    {
        using OpenFile directory = new(Root, Libc.ORdonly | Libc.ODirectory);
        directory.SyncFilesystem();
    }

    /// <summary>The processes that hold this image, found by their command line.</summary>
    public int[] Daemons()
    {
        List<int> pids = [];
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), out int pid) && CommandLine(pid) is [var program, .. var arguments]
                && Path.GetFileName(program) == "fsd" && arguments.Contains(Image))
            {
                pids.Add(pid);
            }
        }
        return [.. pids];
    }

    private static string[] CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static void WaitForEnd(int[] pids)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (pids.Any(pid => CommandLine(pid).Length > 0))
        {
            Assert.True(watch.ElapsedMilliseconds < WaitMs, "the daemon does not end");
            Thread.Sleep(10);
        }
    }

    public void Dispose()
    {
        foreach (int pid in Daemons())
        {
            Libc.Kill(pid, 9);
        }
        Programs.Run("umount", ["-l", Root]);
        WaitForEnd(Daemons());
        Directory.Delete(_home, true);
    }
}
