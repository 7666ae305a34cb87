using System.Buffers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using Txlfs.Fsd.Host;

namespace Txlfs.Fsd.Control;

/// <summary>A tool's end of a mount's control socket.</summary>
public sealed class ControlClient : IDisposable
{
    private readonly Socket _socket;
    private readonly LineReader _reader;

    private ControlClient(Socket socket)
    {
        _socket = socket;
        _reader = new LineReader(socket, ControlProtocol.MaxReplyLineBytes);
    }

    /// <summary>Null when nobody listens for this mount: its daemon is older than this program, or had no place for a socket, or is not running any more.</summary>
    /// <exception cref="CommandException">It is there and may not be used by this user.</exception>
    public static ControlClient? TryConnect(MountEntry mount)
    {
        uint owner = ControlPaths.OwnerOf(mount);
        foreach (string directory in ControlPaths.DirectoriesOf(owner))
        {
            if (TryConnect(Path.Combine(directory, ControlPaths.NameOf(mount)), owner) is { } client)
            {
                return client;
            }
        }
        return null;
    }

    /// <param name="owner">The only user besides root who may be at the other end.</param>
    public static ControlClient? TryConnect(string path, uint owner)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            uint user = PeerCredentials.UserOf(socket);
            return user == owner || user == 0
                ? new ControlClient(socket)
                : throw new CommandException(ExitCodes.Permission, $"{path} belongs to user {user}, the mount to user {owner}");
        }
        catch (SocketException refused)
        {
            socket.Dispose();
            // .NET's name for ENOENT.
            return refused.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.ConnectionRefused
                ? null
                : throw new CommandException(ExitCodes.FromErrno(refused.NativeErrorCode), $"cannot talk to the daemon at {path}: {Marshal.GetPInvokeErrorMessage(refused.NativeErrorCode)}");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Runs a command; progress and findings go to the callback as they come. The result's value.</summary>
    /// <exception cref="CommandException">The daemon's own error, or the connection broke.</exception>
    public async Task<JsonElement> CallAsync(string command, Action<Utf8JsonWriter>? arguments = null, Action<JsonElement>? onEvent = null, CancellationToken token = default)
    {
        try
        {
            await SendAsync(command, arguments, token).ConfigureAwait(false);
            while (await _reader.ReadLineAsync(token).ConfigureAwait(false) is { } line)
            {
                using JsonDocument reply = JsonDocument.Parse(line);
                switch (reply.RootElement.GetProperty("event").GetString())
                {
                    case "result":
                        return reply.RootElement.GetProperty("value").Clone();
                    case "error":
                        throw new CommandException(reply.RootElement.GetProperty("code").GetInt32(), reply.RootElement.GetProperty("message").GetString()!);
                    default:
                        onEvent?.Invoke(reply.RootElement);
                        break;
                }
            }
        }
        catch (SocketException broken)
        {
            throw new CommandException(ExitCodes.System, $"the connection to the daemon broke: {broken.Message}");
        }
        throw new CommandException(ExitCodes.System, "the daemon ended before it had answered");
    }

    public void Dispose() => _socket.Dispose();

    private async Task SendAsync(string command, Action<Utf8JsonWriter>? arguments, CancellationToken token)
    {
        var line = new ArrayBufferWriter<byte>();
        using (Utf8JsonWriter json = new(line))
        {
            json.WriteStartObject();
            json.WriteNumber("v", ControlProtocol.Version);
            json.WriteString("command", command);
            arguments?.Invoke(json);
            json.WriteEndObject();
        }
        line.Write("\n"u8);
        for (ReadOnlyMemory<byte> rest = line.WrittenMemory; rest.Length > 0;)
        {
            rest = rest[await _socket.SendAsync(rest, SocketFlags.None, token).ConfigureAwait(false)..];
        }
    }
}
