using System.Diagnostics;
using Txlfs.Fsd.Fuse;
using Xunit.Abstractions;

namespace Txlfs.Tests.Mounted;

/// <summary>A mount point for one test, with the kernel's io_uring switch set as the transport needs it, and put back afterwards.</summary>
internal sealed class TransportMount : IDisposable
{
    private const string UringParameter = "/sys/module/fuse/parameters/enable_uring";

    private readonly string? _switchBefore;

    private TransportMount(FuseTransportKind transport)
    {
        MountPoint = Directory.CreateTempSubdirectory("txlfs-transport-").FullName;
        if (transport == FuseTransportKind.Uring)
        {
            _switchBefore = File.ReadAllText(UringParameter);
            File.WriteAllText(UringParameter, "Y");
        }
        Options = new FuseServerOptions { MountPoint = MountPoint, Source = "memory", Transport = transport, Warn = AddWarning };
    }

    public string MountPoint { get; }
    public FuseServerOptions Options { get; }
    public List<string> Warnings { get; } = [];

    /// <summary>Null, with the reason in the test's output, where this machine cannot mount so.</summary>
    public static TransportMount? TryCreate(FuseTransportKind transport, ITestOutputHelper output)
    {
        if (!File.Exists("/dev/fuse") || !Environment.IsPrivilegedProcess)
            output.WriteLine("Not run: it needs /dev/fuse and root.");
        else if (transport == FuseTransportKind.Uring && !File.Exists(UringParameter))
            output.WriteLine("Not run: this kernel has no FUSE over io_uring.");
        else
            return new TransportMount(transport);
        return null;
    }

    public void Dispose()
    {
        if (_switchBefore is not null)
            File.WriteAllText(UringParameter, _switchBefore);
        Directory.Delete(MountPoint);
    }

    private void AddWarning(string text)
    {
        lock (Warnings)
            Warnings.Add(text);
    }
}

/// <summary>A small sparse image behind a loop device.</summary>
internal sealed class LoopDevice : IDisposable
{
    private readonly string _image;

    private LoopDevice(string image, string path)
    {
        _image = image;
        Path = path;
    }

    public string Path { get; }

    public static LoopDevice? TryCreate(ITestOutputHelper output)
    {
        string image = System.IO.Path.GetTempFileName();
        using (FileStream stream = File.OpenWrite(image))
            stream.SetLength(16 << 20);
        string path = Run("losetup", "--find", "--show", image);
        if (path.Length != 0)
            return new LoopDevice(image, path);
        output.WriteLine("Not run: losetup gives no loop device.");
        File.Delete(image);
        return null;
    }

    public void Dispose()
    {
        _ = Run("losetup", "--detach", Path);
        File.Delete(_image);
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string text = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? text : "";
    }
}
