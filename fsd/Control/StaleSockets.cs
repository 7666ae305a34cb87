using System.Net.Sockets;
using Txlfs.Fsd.Host;

namespace Txlfs.Fsd.Control;

/// <summary>Sockets that nobody listens on any more: their daemons were killed. A socket under its final name always listens while its daemon lives.</summary>
internal static class StaleSockets
{
    public static void Remove(string directory)
    {
        foreach (string path in Directory.EnumerateFileSystemEntries(directory, $"*{ControlPaths.Suffix}"))
        {
            if (IsStale(path))
            {
                _ = HostLibC.Unlink(path);
            }
        }
    }

    private static bool IsStale(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return false;
        }
        catch (SocketException refused)
        {
            return refused.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }
}
