using System.Buffers;
using System.Net.Sockets;
using System.Text.Json;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Verify;

namespace Txlfs.Fsd.Control;

/// <summary>One request and what is answered to it. Used by one command at a time.</summary>
internal sealed class ControlExchange(Socket socket, JsonElement arguments, IClock clock, CancellationToken cancelled)
{
    private const long ProgressIntervalNs = 200_000_000;
    private readonly ArrayBufferWriter<byte> _line = new(512);
    private long _nextProgressNs = long.MinValue;

    /// <summary>The client has gone, or the daemon is ending: a command that takes long looks at this.</summary>
    public CancellationToken Cancelled => cancelled;

    /// <summary>The last line is on its way or sent: from here on the client may ask the next thing.</summary>
    public bool IsAnswered { get; private set; }

    public bool Flag(string name) => arguments.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    public long? Number(string name) => arguments.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number : null;

    public string? Text(string name) => arguments.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Says how far the command is; at most a few times a second, the rest is dropped.</summary>
    public ValueTask ProgressAsync(string what, long done, long total)
    {
        long now = clock.MonotonicNs;
        if (now < _nextProgressNs)
        {
            return ValueTask.CompletedTask;
        }
        _nextProgressNs = now + ProgressIntervalNs;
        return SendAsync("progress", json =>
        {
            json.WriteString("what", what);
            json.WriteNumber("done", done);
            json.WriteNumber("total", total);
        });
    }

    public ValueTask FindingAsync(Finding finding) => SendAsync("finding", json =>
    {
        json.WriteString("kind", finding.Kind.ToString());
        json.WriteString("severity", finding.Severity.ToString());
        json.WriteString("text", finding.ToString());
        json.WriteNumber("inode", finding.Inode);
        json.WriteNumber("offset", finding.OffsetBytes);
        json.WriteNumber("deviceAddress", finding.AddressBytes);
    });

    public ValueTask ErrorAsync(int exitCode, string message) => SendAsync("error", json =>
    {
        json.WriteNumber("code", exitCode);
        json.WriteString("message", message);
    });

    public ValueTask ResultAsync(Action<Utf8JsonWriter> fields) => SendAsync("result", json =>
    {
        json.WriteStartObject("value");
        fields(json);
        json.WriteEndObject();
    });

    private async ValueTask SendAsync(string kind, Action<Utf8JsonWriter> fields)
    {
        IsAnswered = kind is "result" or "error";
        _line.ResetWrittenCount();
        using (Utf8JsonWriter json = new(_line))
        {
            json.WriteStartObject();
            json.WriteString("event", kind);
            fields(json);
            json.WriteEndObject();
        }
        if (_line.WrittenCount >= ControlProtocol.MaxReplyLineBytes)
        {
            throw new InvalidOperationException($"a reply of {_line.WrittenCount} bytes is more than the protocol has room for");
        }
        _line.Write("\n"u8);
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        timeout.CancelAfter(ControlProtocol.SendTimeoutMs);
        for (ReadOnlyMemory<byte> rest = _line.WrittenMemory; rest.Length > 0;)
        {
            rest = rest[await socket.SendAsync(rest, SocketFlags.None, timeout.Token).ConfigureAwait(false)..];
        }
    }
}
