using System.Net.Sockets;
using System.Runtime.InteropServices;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Runtime;

namespace Txlfs.Fsd.Control;

/// <summary>
/// The socket of one mount. Listening -> (connections, each on its own) -> stopped. It is bound under a name of its own and then renamed, so a socket that can
/// be found is always one that listens; one that does not is left from a daemon that was killed, and whoever starts next takes it away.
/// </summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private const uint OwnerOnly = 0x180; // 0600
    private static readonly TimeSpan s_acceptPause = TimeSpan.FromSeconds(1);

    private readonly Socket _listener;
    private readonly IReadOnlyDictionary<string, ControlHandler> _commands;
    private readonly Seams _seams;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _connections = [];
    private readonly Task _accepting;
    private bool _isDisposed;

    private ControlServer(string path, Socket listener, IReadOnlyDictionary<string, ControlHandler> commands, Seams seams)
    {
        (Path, _listener, _commands, _seams) = (path, listener, commands, seams);
        _accepting = AcceptAsync();
    }

    public string Path { get; }

    /// <summary>Null, with a warning in the log, when there is no place for a socket: the mount does without.</summary>
    public static ControlServer? TryStart(MountEntry mount, IReadOnlyDictionary<string, ControlHandler> commands, Seams seams)
    {
        if (ControlPaths.TryPrepareDirectory(out string reason) is not { } directory)
        {
            seams.Log.Write(LogSeverity.Warning, $"no control socket: {reason}");
            return null;
        }
        StaleSockets.Remove(directory);
        return TryStart(System.IO.Path.Combine(directory, ControlPaths.NameOf(mount)), commands, seams);
    }

    public static ControlServer? TryStart(string path, IReadOnlyDictionary<string, ControlHandler> commands, Seams seams)
    {
        string unnamed = $"{path}.{Environment.ProcessId}";
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            _ = HostLibC.Unlink(unnamed);
            listener.Bind(new UnixDomainSocketEndPoint(unnamed));
            listener.Listen(ControlProtocol.MaxConnections);
            if (HostLibC.ChangeMode(unnamed, OwnerOnly) != 0 || HostLibC.Rename(unnamed, path) != 0)
            {
                throw new SocketException(Marshal.GetLastPInvokeError());
            }
            return new ControlServer(path, listener, commands, seams);
        }
        catch (Exception refused) when (refused is SocketException or ArgumentOutOfRangeException)
        {
            listener.Dispose();
            _ = HostLibC.Unlink(unnamed);
            seams.Log.Write(LogSeverity.Warning, $"no control socket at {path}: {refused.Message}");
            return null;
        }
    }

    /// <summary>Takes the socket away, ends what runs, and returns when nothing of it is left. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }
            _isDisposed = true;
        }
        _ = HostLibC.Unlink(Path);
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        Task[] running;
        lock (_lock)
        {
            running = [.. _connections];
        }
        await Task.WhenAll(running).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Socket client = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                Begin(new ControlConnection(client, _commands, _seams, _stopping.Token));
            }
            catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException refused)
            {
                // No descriptors or no memory: an accept that fails at once must not become a loop that burns the processor.
                _seams.Log.Write(LogSeverity.Warning, $"the control socket cannot take a connection: {refused.Message}");
                if (!await PauseAsync().ConfigureAwait(false))
                {
                    return;
                }
            }
        }
    }

    private async Task<bool> PauseAsync()
    {
        using PeriodicTimer pause = new(s_acceptPause);
        try
        {
            return await pause.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void Begin(ControlConnection connection)
    {
        lock (_lock)
        {
            bool isFull = _connections.Count >= ControlProtocol.MaxConnections;
            Task running = isFull ? connection.TurnAwayAsync() : connection.RunAsync();
            if (!isFull && !running.IsCompleted)
            {
                _connections.Add(running);
                _ = ForgetAsync(running);
            }
        }
    }

    private async Task ForgetAsync(Task running)
    {
        await running.ConfigureAwait(false);
        lock (_lock)
        {
            _connections.Remove(running);
        }
    }
}
