using System.Reflection;
using Txlfs.Cli.Commands;
using Txlfs.Cli.Faces;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Cli;

/// <summary><c>txlfs</c>, and the programs that it is when called by another name.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        string face = Path.GetFileName(InvokedName());
        try
        {
            return face switch
            {
                "mkfs.txlfs" => MkfsCommand.RunAsFace(arguments),
                "fsck.txlfs" => FsckFace.Run(arguments),
                "mount.txlfs" or "mount.fuse.txlfs" => MountFace.Run(arguments),
                "umount.txlfs" or "umount.fuse.txlfs" => UmountFace.Run(arguments),
                _ => RunTool(arguments),
            };
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            (int exitCode, string message) = Errors.Describe(fault);
            Errors.Print(face.Length == 0 ? "txlfs" : face, message);
            return face switch
            {
                "fsck.txlfs" => ExitCodes.Fsck.From(exitCode),
                _ when arguments is ["fsck", ..] => ExitCodes.Fsck.From(exitCode),
                "mount.txlfs" or "mount.fuse.txlfs" or "umount.txlfs" or "umount.fuse.txlfs" => ExitCodes.Mount.From(exitCode),
                _ => exitCode,
            };
        }
    }

    private static int RunTool(string[] arguments)
    {
        // Before anything is built: scripts ask for this often.
        if (arguments is ["--version"] or ["-V"])
        {
            Console.Out.WriteLine($"txlfs {Version}");
            return ExitCodes.Success;
        }
        return CommandTree.Run(arguments);
    }

    public static string Version => typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <summary>argv[0] as the caller gave it: the runtime itself only tells the path of the program behind the links.</summary>
    private static string InvokedName()
    {
        string line = SystemFiles.TryReadText("/proc/self/cmdline") ?? "";
        int end = line.IndexOf('\0');
        return end < 0 ? line : line[..end];
    }
}
