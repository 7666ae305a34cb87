#pragma warning disable RS0030 // The scratch file of a test tool: not the volume, and nothing waits for its durability.
namespace Txlfs.Journal.Device.Recording;

/// <summary>
/// Notes every write, flush and completion of the device below, with the data, in a file: from it every state that a power cut could have
/// left can be made. A completion is noted before it is delivered, and what had been acknowledged is looked up before an event is noted;
/// so whatever was acknowledged by event k was acknowledged knowing at most the events before k.
/// </summary>
public sealed class RecordingBlockDevice : IBlockDevice
{
    private readonly IBlockDevice _below;
    private readonly RecordingOptions _options;
    private readonly FileStream _log;
    private readonly FileStream _ack;
    private readonly Lock _lock = new();
    private readonly byte[] _header = new byte[RecordedEvent.HeaderBytes];
    private long _lastId;
    private bool _isFull;

    private RecordingBlockDevice(IBlockDevice below, RecordingOptions options, FileStream log, FileStream ack)
        => (_below, _options, _log, _ack) = (below, options, log, ack);

    public string Name => _below.Name;
    public long LengthBytes => _below.LengthBytes;
    public int AlignmentBytes => _below.AlignmentBytes;
    public bool IsReadOnly => _below.IsReadOnly;
    public DeviceCounters Counters => _below.Counters;

    /// <exception cref="DeviceException">One of the files cannot be opened.</exception>
    public static RecordingBlockDevice Create(IBlockDevice below, RecordingOptions options)
    {
        FileStream? log = null;
        try
        {
            log = new FileStream(options.LogPath, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
            var ack = new FileStream(options.AckPath, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            return new RecordingBlockDevice(below, options, log, ack);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            log?.Dispose();
            throw new DeviceException($"the recording cannot be begun: {fault.Message}", Errno.EIO);
        }
    }

    public ValueTask<int> ReadAsync(long offsetBytes, NativeSlice destination) => _below.ReadAsync(offsetBytes, destination);

    public async ValueTask<int> WriteAsync(long offsetBytes, NativeSlice source, WriteFlags flags = WriteFlags.None)
    {
        RecordedKind kind = (flags & WriteFlags.Durable) != 0 ? RecordedKind.DurableWrite : RecordedKind.Write;
        long id = Note(kind, 0, offsetBytes, source.Span, 0);
        if (id < 0)
            return (int)id;
        int result = await _below.WriteAsync(offsetBytes, source, flags).ConfigureAwait(false);
        return Complete(id, result);
    }

    public async ValueTask<int> FlushAsync()
    {
        long id = Note(RecordedKind.Flush, 0, 0, default, 0);
        if (id < 0)
            return (int)id;
        int result = await _below.FlushAsync().ConfigureAwait(false);
        return Complete(id, result);
    }

    /// <summary>Not recorded, so not done.</summary>
    public ValueTask<int> DiscardAsync(long offsetBytes, long lengthBytes) => ValueTask.FromResult(-Errno.EOPNOTSUPP);

    /// <summary>The device below stays open: it is its owner's.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _log.Dispose();
            _ack.Dispose();
        }
    }

    private int Complete(long id, int result)
    {
        long noted = Note(RecordedKind.Completion, id, 0, default, result);
        return noted < 0 ? (int)noted : result;
    }

    /// <summary>The event's id, a new one when it is 0; or a negative errno when the recording is full or cannot be written.</summary>
    private long Note(RecordedKind kind, long id, long offsetBytes, ReadOnlySpan<byte> data, int result)
    {
        lock (_lock)
        {
            _isFull |= _log.Position + RecordedEvent.HeaderBytes + data.Length > _options.LimitBytes;
            if (_isFull)
                return -Errno.ENOSPC;
            if (id == 0)
                id = ++_lastId;
            try
            {
                new RecordedEvent(kind, id, offsetBytes, data.Length, result, _ack.Length).WriteTo(_header);
                _log.Write(_header);
                _log.Write(data);
            }
            catch (IOException)
            {
                // A gap would make every later state wrong: nothing more is recorded, and nothing more is written.
                _isFull = true;
                return -Errno.EIO;
            }
            return id;
        }
    }
}
