using System.Text;

namespace Txlfs.Fsd.Host;

/// <summary>sd_notify: tells systemd how far the daemon is, when systemd asked to be told.</summary>
internal static class ServiceManager
{
    public static void Ready(string status) => Send($"READY=1\nSTATUS={status}\nMAINPID={Environment.ProcessId}");

    public static void Stopping() => Send("STOPPING=1\nSTATUS=writing out and closing the volume");

    private static void Send(string message)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } path)
        {
            return;
        }
        using Datagrams? socket = Datagrams.TryConnect(path);
        socket?.TrySend(Encoding.UTF8.GetBytes(message));
    }
}
