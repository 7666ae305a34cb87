using System.Diagnostics;
using System.Globalization;
using Txlfs.Fsd.Fuse.Interop;
using Txlfs.Journal;

namespace Txlfs.Fsd.Fuse.Mount;

/// <summary>The set-user-id helper that mounts for people who are not root, and hands the descriptor over a socket.</summary>
internal static unsafe class Fusermount
{
    private const string Program = "fusermount3";
    private const int UnixDomain = 1, StreamSocket = 1, CloseOnExec = 0x40000000;

    /// <summary>Whether the machine lets people who are not root open their mounts to others.</summary>
    public static bool MayAllowOther() =>
        LibC.ReadSmallFile("/etc/fuse.conf")?.Split('\n').Any(line => line.Trim() == "user_allow_other") ?? false;

    /// <summary>The descriptor of a new mount.</summary>
    /// <exception cref="FuseException">With what the helper complained of.</exception>
    public static int Mount(string mountPoint, string options)
    {
        int* pair = stackalloc int[2];
        if (LibC.SocketPair(UnixDomain, StreamSocket, 0, pair) != 0)
            throw new FuseException($"socketpair failed (errno {LibC.LastErrno}).", LibC.LastErrno);
        try
        {
            var start = new ProcessStartInfo(Program) { RedirectStandardError = true, ArgumentList = { "-o", options, "--", mountPoint } };
            start.Environment["_FUSE_COMMFD"] = pair[0].ToString(CultureInfo.InvariantCulture);
            (int exitCode, string complaint) = Run(start);
            int fd = exitCode == 0 ? ReceiveDescriptor(pair[1]) : -1;
            return fd >= 0 ? fd : throw new FuseException($"{Program} could not mount {mountPoint}: {complaint}", Errno.EPERM);
        }
        finally
        {
            _ = LibC.Close(pair[0]);
            _ = LibC.Close(pair[1]);
        }
    }

    /// <summary>0 or an errno.</summary>
    public static int Unmount(string mountPoint, bool isLazy)
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardError = true, ArgumentList = { isLazy ? "-uz" : "-u", "--", mountPoint } };
        return Run(start).ExitCode == 0 ? 0 : Errno.EBUSY;
    }

    private static (int ExitCode, string Complaint) Run(ProcessStartInfo start)
    {
        try
        {
            using Process process = Process.Start(start) ?? throw new FuseException($"{Program} could not be started.", Errno.ENOENT);
            string complaint = process.StandardError.ReadToEnd().Trim();
            process.WaitForExit();
            return (process.ExitCode, complaint);
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new FuseException($"{Program} is needed to mount without being root, and could not be started: {missing.Message}", Errno.ENOENT);
        }
    }

    /// <summary>One byte with one SCM_RIGHTS message; -1 when that did not come.</summary>
    private static int ReceiveDescriptor(int socket)
    {
        const int ControlBytes = 24;
        byte* control = stackalloc byte[ControlBytes];
        new Span<byte>(control, ControlBytes).Clear();
        byte data = 0;
        var vector = new IoVector { Base = &data, LengthBytes = 1 };
        var message = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlBytes = ControlBytes };
        nint received;
        while ((received = LibC.RecvMsg(socket, &message, CloseOnExec)) < 0 && LibC.LastErrno == Errno.EINTR)
        {
        }
        const int HeaderBytes = 16, SocketLevel = 1, Rights = 1;
        bool isDescriptor = received > 0 && *(nuint*)control >= HeaderBytes + sizeof(int) && *(int*)(control + 8) == SocketLevel && *(int*)(control + 12) == Rights;
        return isDescriptor ? *(int*)(control + HeaderBytes) : -1;
    }
}
