using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Txlfs.Fsd.Host;

/// <summary>
/// Starts the daemon in a session of its own, with the environment that its memory plan needs, and waits until it says that the mount is
/// live or why it is not. The two talk through a pipe, in lines: "note MESSAGE" for people, and at last "ready" or "failed CODE MESSAGE".
/// The daemon gets nothing else of ours, not even stderr: the runtime keeps copies of what it was started with, and whoever reads the other
/// end of a pipe would wait for as long as the mount lives.
/// </summary>
public static unsafe class DaemonLauncher
{
    private const int ChildStatusDescriptor = 3;
    private const int LongestLineBytes = 4096;
    private const string NotePrefix = "note ";

    /// <summary>The daemon beside this program.</summary>
    public static string DaemonPath => Path.Combine(AppContext.BaseDirectory, "fsd");

    /// <summary>Fixes what depends on the caller (paths, memory), so that the daemon starts from facts.</summary>
    public static DaemonArguments Resolve(DaemonArguments arguments, out MemoryPlan plan)
    {
        MountSettings settings = MountOptionParser.Parse(arguments.Options);
        plan = MemoryPlan.For(settings.MemoryBytes ?? MemoryPlan.DefaultTotalBytes(SystemFiles.MachineMemoryBytes()));
        return arguments with
        {
            Device = Path.GetFullPath(arguments.Device),
            Directory = Path.GetFullPath(arguments.Directory),
            Options = [.. arguments.Options, string.Create(CultureInfo.InvariantCulture, $"memory={plan.TotalBytes}")],
        };
    }

    /// <summary>Returns when the mount is live; throws the daemon's own error otherwise.</summary>
    public static void Start(DaemonArguments arguments)
    {
        DaemonArguments resolved = Resolve(arguments, out MemoryPlan plan) with { IsForeground = false, StatusDescriptor = ChildStatusDescriptor };
        int* pipe = stackalloc int[2];
        if (HostLibC.Pipe(pipe, HostLibC.OpenCloseOnExec) != 0)
        {
            throw new CommandException(ExitCodes.System, $"cannot make a pipe: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        int pid;
        try
        {
            pid = Spawn(resolved, plan, pipe[1]);
        }
        finally
        {
            HostLibC.Close(pipe[1]);
        }
        string status = WaitForLastWord(pipe[0]);
        HostLibC.Close(pipe[0]);
        if (status != "ready")
        {
            throw Failure(status, pid);
        }
    }

    /// <summary>Becomes the daemon; returns only by an exception.</summary>
    public static void Become(DaemonArguments arguments)
    {
        DaemonArguments resolved = Resolve(arguments, out MemoryPlan plan);
        using NativeStrings line = new(resolved.ToCommandLine(DaemonPath));
        using NativeStrings environment = NativeStrings.Environment(plan.Environment);
        HostLibC.Execute(line.List[0], line.List, environment.List);
        throw new CommandException(ExitCodes.System, $"cannot run {DaemonPath}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static int Spawn(DaemonArguments arguments, MemoryPlan plan, int statusDescriptor)
    {
        byte* actions = stackalloc byte[HostLibC.SpawnStructureBytes];
        byte* attributes = stackalloc byte[HostLibC.SpawnStructureBytes];

        // Neither what a shell or a service has left open above stderr. A kernel before 5.11 does not know the call, and lets it be inherited.
        _ = HostLibC.CloseRange(HostLibC.CloseRangeCall, ChildStatusDescriptor, int.MaxValue, HostLibC.CloseRangeOnExec);
        HostLibC.SpawnActionsInit(actions);
        HostLibC.SpawnAttributesInit(attributes);
        try
        {
            HostLibC.SpawnAttributesSetFlags(attributes, HostLibC.SpawnSetSession);
            fixed (byte* nothing = "/dev/null\0"u8)
            {
                for (int standard = 0; standard <= 2; standard++)
                {
                    HostLibC.SpawnActionsOpen(actions, standard, nothing, HostLibC.OpenReadWrite, 0);
                }
                HostLibC.SpawnActionsDuplicate(actions, statusDescriptor, ChildStatusDescriptor);
                using NativeStrings line = new(arguments.ToCommandLine(DaemonPath));
                using NativeStrings environment = NativeStrings.Environment(plan.Environment);
                int pid;
                int errno = HostLibC.Spawn(&pid, line.List[0], actions, attributes, line.List, environment.List);
                return errno == 0 ? pid : throw new CommandException(ExitCodes.System, $"cannot run {DaemonPath}: {Marshal.GetPInvokeErrorMessage(errno)}");
            }
        }
        finally
        {
            HostLibC.SpawnActionsDestroy(actions);
            HostLibC.SpawnAttributesDestroy(attributes);
        }
    }

    /// <summary>Shows notes as they come; returns the last line (empty when the daemon ended without one).</summary>
    private static string WaitForLastWord(int descriptor)
    {
        byte* buffer = stackalloc byte[LongestLineBytes];
        int lengthBytes = 0;
        while (true)
        {
            nint got = HostLibC.Read(descriptor, buffer + lengthBytes, LongestLineBytes - lengthBytes);
            if (got < 0 && Marshal.GetLastPInvokeError() == Journal.Errno.EINTR)
            {
                continue;
            }
            lengthBytes += (int)Math.Max(got, 0);
            Span<byte> unread = new(buffer, lengthBytes);
            for (int end; (end = unread.IndexOf((byte)'\n')) >= 0; unread = unread[(end + 1)..])
            {
                string line = Encoding.UTF8.GetString(unread[..end]);
                if (!line.StartsWith(NotePrefix, StringComparison.Ordinal))
                {
                    return line;
                }
                Console.Error.WriteLine($"fsd: {line[NotePrefix.Length..]}");
            }

            // A line that does not fit is ours to cut: the daemon's messages are far shorter.
            lengthBytes = unread.Length == LongestLineBytes ? 0 : unread.Length;
            unread[..lengthBytes].CopyTo(new Span<byte>(buffer, LongestLineBytes));
            if (got <= 0)
            {
                return "";
            }
        }
    }

    private static CommandException Failure(string status, int pid)
    {
        string[] parts = status.Split(' ', 3);
        if (parts is ["failed", var code, var message] && int.TryParse(code, CultureInfo.InvariantCulture, out int exitCode))
        {
            return new CommandException(exitCode, message);
        }
        int wait;
        HostLibC.WaitFor(pid, &wait, 0);
        string end = (wait & 0x7F) != 0 ? $"signal {wait & 0x7F}" : $"exit code {(wait >> 8) & 0xFF}";
        return new CommandException(ExitCodes.Internal, $"the daemon ended before the mount was live ({end})");
    }
}
