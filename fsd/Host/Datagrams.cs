using System.Net.Sockets;

namespace Txlfs.Fsd.Host;

/// <summary>A connected datagram socket of the local machine, for the journal and the service manager. Never blocks.</summary>
internal sealed class Datagrams : IDisposable
{
    private readonly Socket _socket;

    private Datagrams(Socket socket) => _socket = socket;

    /// <summary>Null when nobody listens there.</summary>
    public static Datagrams? TryConnect(string path)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            // systemd writes an abstract address with a leading '@'; the kernel with a leading NUL.
            socket.Connect(new UnixDomainSocketEndPoint(path.StartsWith('@') ? "\0" + path[1..] : path));
            return new Datagrams(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>False when the message was not taken (the receiver is gone, or behind).</summary>
    public bool TrySend(ReadOnlySpan<byte> message)
    {
        try
        {
            return _socket.Send(message) == message.Length;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public void Dispose() => _socket.Dispose();
}
