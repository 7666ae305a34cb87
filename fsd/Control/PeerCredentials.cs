using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Txlfs.Fsd.Control;

/// <summary>Who is at the other end of a local socket, as the kernel noted when it was connected.</summary>
internal static class PeerCredentials
{
    private const int SocketLevel = 1, PeerCredentialsOption = 17, CredentialsBytes = 12, UidOffset = 4;

    public static uint UserOf(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[CredentialsBytes];
        int lengthBytes = socket.GetRawSocketOption(SocketLevel, PeerCredentialsOption, credentials);
        return lengthBytes == CredentialsBytes ? MemoryMarshal.Read<uint>(credentials[UidOffset..]) : uint.MaxValue;
    }
}
