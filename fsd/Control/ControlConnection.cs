using System.Net.Sockets;
using System.Text.Json;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Control;

/// <summary>What the daemon can be asked to do: answers through the exchange, or throws <see cref="CommandException"/> or <see cref="VolumeException"/>.</summary>
internal delegate ValueTask ControlHandler(ControlExchange exchange);

/// <summary>One client: reading a request -> running its command -> answered -> reading ... Whatever the client does ends at most this connection.</summary>
internal sealed class ControlConnection(Socket socket, IReadOnlyDictionary<string, ControlHandler> commands, Seams seams, CancellationToken stopping)
{
    private static readonly JsonDocumentOptions s_grammar = new() { MaxDepth = ControlProtocol.MaxDepth };
    private readonly LineReader _reader = new(socket, ControlProtocol.MaxRequestBytes);

    public async Task RunAsync()
    {
        try
        {
            uint user = PeerCredentials.UserOf(socket);
            if (user != 0 && user != HostLibC.EffectiveUserId())
            {
                await RefuseAsync(ExitCodes.Permission, "only root and the user who mounted the volume may control it").ConfigureAwait(false);
                return;
            }
            while (await ServeOneAsync().ConfigureAwait(false))
            {
            }
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went, or was too slow, or the daemon ends: nobody is left to be told.
        }
        catch (Exception defect) when (defect is not OutOfMemoryException)
        {
            seams.Log.Write(LogSeverity.Error, $"a control connection failed: {defect}");
        }
        finally
        {
            socket.Dispose();
        }
    }

    /// <summary>For one connection too many.</summary>
    public async Task TurnAwayAsync()
    {
        using (socket)
        {
            try
            {
                await RefuseAsync(ExitCodes.Busy, $"the daemon serves {ControlProtocol.MaxConnections} connections at once, and has them").ConfigureAwait(false);
            }
            catch (Exception gone) when (gone is SocketException or OperationCanceledException)
            {
                // It did not wait for the answer.
            }
        }
    }

    private ValueTask RefuseAsync(int exitCode, string message) => new ControlExchange(socket, default, seams.Clock, stopping).ErrorAsync(exitCode, message);

    /// <summary>False: the connection is at its end.</summary>
    private async Task<bool> ServeOneAsync()
    {
        JsonDocument? request = null;
        string complaint;
        try
        {
            using CancellationTokenSource idle = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            idle.CancelAfter(ControlProtocol.IdleTimeoutMs);
            if (await _reader.ReadLineAsync(idle.Token).ConfigureAwait(false) is not { } line)
            {
                return false;
            }
            // A copy: the reader's buffer is used again while the command runs.
            request = JsonDocument.Parse(line.ToArray(), s_grammar);
            complaint = Complaint(request.RootElement);
        }
        catch (Exception notJson) when (notJson is JsonException or InvalidOperationException)
        {
            // The second for text that is JSON in form but no Unicode (half of a surrogate pair): found out only when it is read.
            complaint = "the request is not JSON";
        }
        catch (InvalidDataException tooLong)
        {
            complaint = $"the request is {tooLong.Message}";
        }
        using (request)
        {
            if (complaint.Length > 0)
            {
                await RefuseAsync(ExitCodes.Usage, complaint).ConfigureAwait(false);
                return false;
            }
            return await RunCommandAsync(request!.RootElement).ConfigureAwait(false);
        }
    }

    private string Complaint(JsonElement request)
    {
        if (request.ValueKind != JsonValueKind.Object || !request.TryGetProperty("v", out JsonElement version) || !request.TryGetProperty("command", out JsonElement command))
        {
            return "a request is an object with \"v\" and \"command\"";
        }
        if (version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out int number) || number != ControlProtocol.Version)
        {
            return $"protocol version {version.GetRawText()} is not spoken here: this daemon speaks {ControlProtocol.Version}";
        }
        return command.ValueKind != JsonValueKind.String || !commands.ContainsKey(command.GetString()!)
            ? $"the command {command.GetRawText()} is not known to this daemon"
            : "";
    }

    private async Task<bool> RunCommandAsync(JsonElement request)
    {
        using CancellationTokenSource cancelled = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using CancellationTokenSource watched = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        if (_reader.HasUnread)
        {
            await RefuseAsync(ExitCodes.Usage, "one request at a time").ConfigureAwait(false);
            return false;
        }
        var exchange = new ControlExchange(socket, request, seams.Clock, cancelled.Token);
        Task<bool> watch = WatchAsync(exchange, cancelled, watched.Token);
        try
        {
            await AnswerAsync(exchange, request.GetProperty("command").GetString()!).ConfigureAwait(false);
        }
        finally
        {
            await watched.CancelAsync().ConfigureAwait(false);
            await watch.ConfigureAwait(false);
        }
        return !await watch.ConfigureAwait(false);
    }

    private async ValueTask AnswerAsync(ControlExchange exchange, string command)
    {
        try
        {
            await commands[command](exchange).ConfigureAwait(false);
        }
        catch (CommandException refused)
        {
            await exchange.ErrorAsync(refused.ExitCode, refused.Message).ConfigureAwait(false);
        }
        catch (VolumeException refused)
        {
            await exchange.ErrorAsync(ExitCodes.FromErrno(refused.Errno), refused.Message).ConfigureAwait(false);
        }
        catch (Exception defect) when (defect is not (OutOfMemoryException or SocketException or OperationCanceledException or ObjectDisposedException))
        {
            seams.Log.Write(LogSeverity.Error, $"control command {command} failed: {defect}");
            await exchange.ErrorAsync(ExitCodes.Internal, $"internal error: {defect.Message}").ConfigureAwait(false);
        }
    }

    /// <summary>True: the client went or spoke out of turn while its command ran; the command is told to end.</summary>
    private async Task<bool> WatchAsync(ControlExchange exchange, CancellationTokenSource cancelled, CancellationToken token)
    {
        try
        {
            if (await _reader.FillAsync(token).ConfigureAwait(false) && exchange.IsAnswered)
            {
                return false;
            }
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (SocketException)
        {
            // The same as an end of the stream.
        }
        await cancelled.CancelAsync().ConfigureAwait(false);
        return true;
    }
}
