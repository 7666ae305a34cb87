using System.Buffers.Binary;
using System.Text;
using Txlfs.Journal.Runtime;

namespace Txlfs.Fsd.Host;

/// <summary>
/// The daemon's log: stderr while it is in the foreground, the systemd journal where there is one (otherwise, in the background, the syslog
/// socket), and a file when asked for. Losing a line never holds up the filesystem.
/// </summary>
internal sealed class DaemonLog : ILogSink, IDisposable
{
    private const string JournalPath = "/run/systemd/journal/socket", SyslogPath = "/dev/log";
    private const int DaemonFacility = 3;

    private readonly Lock _lock = new();
    private readonly string _volume;
    private readonly IClock _clock;
    private readonly LogSeverity _least;
    private readonly StatusPipe _launcher;
    private readonly Datagrams? _journal;
    private readonly StreamWriter? _file;
    private readonly Datagrams? _syslog;
    private readonly bool _isToStderr;

    /// <param name="launcher">When attached, it shows problems to whoever waits for the mount, and there is no stderr.</param>
    public DaemonLog(string volume, string file, LogSeverity least, StatusPipe launcher, IClock clock)
    {
        (_volume, _least, _launcher, _clock) = (volume, least, launcher, clock);
        _journal = Datagrams.TryConnect(JournalPath);
        if (file.Length > 0)
        {
            try
            {
                _file = SystemFiles.OpenLog(file);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                throw new CommandException(ExitCodes.NotFound, $"cannot write the log file {file}: {fault.Message}");
            }
        }

        // stderr of a service goes to the journal already: one copy is enough.
        bool isJournalled = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null && _journal is not null;
        _isToStderr = !launcher.IsAttached && !isJournalled;
        _syslog = launcher.IsAttached && _journal is null ? Datagrams.TryConnect(SyslogPath) : null;
    }

    public void Write(LogSeverity severity, string message)
    {
        if (severity < _least)
        {
            return;
        }
        lock (_lock)
        {
            if (_isToStderr)
            {
                Console.Error.WriteLine($"fsd: {Name(severity)}{message}");
            }
            if (severity >= LogSeverity.Warning)
            {
                _launcher.Note(Name(severity) + message);
            }
            _file?.WriteLine($"{DateTimeOffset.FromUnixTimeMilliseconds(_clock.WallNs / 1_000_000):yyyy-MM-dd HH:mm:ss.fff}Z {_volume}: {Name(severity)}{message}");
            _journal?.TrySend(JournalMessage(severity, message));
            _syslog?.TrySend(Encoding.UTF8.GetBytes($"<{DaemonFacility * 8 + Priority(severity)}>fsd[{Environment.ProcessId}]: {_volume}: {message}"));
        }
    }

    public void Dispose()
    {
        _journal?.Dispose();
        _syslog?.Dispose();
        _file?.Dispose();
    }

    private byte[] JournalMessage(LogSeverity severity, string message)
    {
        using MemoryStream stream = new();
        Field(stream, "PRIORITY", Priority(severity).ToString(System.Globalization.CultureInfo.InvariantCulture));
        Field(stream, "SYSLOG_IDENTIFIER", "fsd");
        Field(stream, "TXLFS_VOLUME", _volume);
        Field(stream, "MESSAGE", $"{_volume}: {message}");
        return stream.ToArray();
    }

    /// <summary>The journal's native form: "NAME=value", or for a value of several lines the name, its length in 8 bytes, and the value.</summary>
    private static void Field(MemoryStream stream, string name, string value)
    {
        byte[] text = Encoding.UTF8.GetBytes(value);
        stream.Write(Encoding.ASCII.GetBytes(name));
        if (value.Contains('\n'))
        {
            Span<byte> length = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)text.Length);
            stream.WriteByte((byte)'\n');
            stream.Write(length);
        }
        else
        {
            stream.WriteByte((byte)'=');
        }
        stream.Write(text);
        stream.WriteByte((byte)'\n');
    }

    private static int Priority(LogSeverity severity) => severity switch
    {
        LogSeverity.Error => 3,
        LogSeverity.Warning => 4,
        LogSeverity.Info => 6,
        _ => 7,
    };

    private static string Name(LogSeverity severity) => severity switch
    {
        LogSeverity.Error => "error: ",
        LogSeverity.Warning => "warning: ",
        LogSeverity.Debug => "debug: ",
        _ => "",
    };
}
