#pragma warning disable RS0030 // The tool's own scratch file, written by the recorder; not a volume.
using Microsoft.Win32.SafeHandles;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Device.Recording;

namespace Txlfs.Cli.Crashtest;

/// <summary>A write of a recording, and between which events a power cut could have undone it.</summary>
internal sealed record RecordedWrite(int Event, long Id, long OffsetBytes, int LengthBytes, long DataPosition)
{
    public const int SectorBytes = 512;

    /// <summary>The event by which it was durable: whoever cuts after that one cannot lose it. <see cref="int.MaxValue"/>: never.</summary>
    public int DurableEvent { get; set; } = int.MaxValue;

    /// <summary>The event that acknowledged it to the volume.</summary>
    public int CompletionEvent { get; set; } = int.MaxValue;
    public int SectorCount => LengthBytes / SectorBytes;
}

/// <summary>
/// What a workload did to its device. A cut is a number of events: 0 is before the first one. A write is in doubt at a cut when it was
/// issued before and no flush that was issued after its completion has completed by then.
/// </summary>
internal sealed class Recording : IDisposable
{
    private readonly SafeFileHandle _log;
    private readonly List<RecordedEvent> _events = [];
    private readonly List<RecordedWrite> _writes = [];
    private readonly long _finalAckBytes;

    /// <summary>The completions of flushes and durable writes.</summary>
    private readonly List<int> _flushed = [];

    private Recording(SafeFileHandle log, long finalAckBytes) => (_log, _finalAckBytes) = (log, finalAckBytes);

    public int EventCount => _events.Count;
    public IReadOnlyList<RecordedWrite> Writes => _writes;
    public long WrittenBytes => _writes.Sum(write => (long)write.LengthBytes);
    public int FlushCount => _events.Count(happened => happened.Kind is RecordedKind.Flush or RecordedKind.DurableWrite);

    public static Recording Open(string path, long finalAckBytes)
    {
        SafeFileHandle log = File.OpenHandle(path);
        Recording recording = new(log, finalAckBytes);
        try
        {
            recording.ReadEvents(path);
            recording.FindDurability();
            return recording;
        }
        catch
        {
            recording.Dispose();
            throw;
        }
    }

    /// <summary>How much of the acknowledgements there was at the cut: what was noted with the next event had been written before that one.</summary>
    public long AckBytesAt(int cut) => cut < _events.Count ? _events[cut].AckBytes : _finalAckBytes;

    public int FlushesBefore(int cut) => _flushed.Count(at => at < cut);

    /// <summary>In the order in which they were issued.</summary>
    public List<RecordedWrite> InDoubtAt(int cut) => _writes.FindAll(write => write.Event < cut && write.DurableEvent >= cut);

    public int IssuedBefore(int cut) => _writes.Count(write => write.Event < cut);

    public void ReadData(RecordedWrite write, Span<byte> destination)
    {
        if (RandomAccess.Read(_log, destination[..write.LengthBytes], write.DataPosition) != write.LengthBytes)
        {
            throw new CommandException(ExitCodes.IoError, "the recording ends in the middle of a write");
        }
    }

    public void Dispose() => _log.Dispose();

    private void ReadEvents(string path)
    {
        Span<byte> header = stackalloc byte[RecordedEvent.HeaderBytes];
        long lengthBytes = RandomAccess.GetLength(_log);
        for (long at = 0; at < lengthBytes; at += RecordedEvent.HeaderBytes)
        {
            if (RandomAccess.Read(_log, header, at) < header.Length || RecordedEvent.ReadFrom(header) is not { } happened)
            {
                throw new CommandException(ExitCodes.IoError, $"{path} is not a whole recording: nothing readable at byte {at}");
            }
            if (happened.IsWrite)
            {
                _writes.Add(new RecordedWrite(_events.Count, happened.Id, happened.OffsetBytes, happened.LengthBytes, at + RecordedEvent.HeaderBytes));
                at += happened.LengthBytes;
            }
            _events.Add(happened);
        }
    }

    private void FindDurability()
    {
        Dictionary<long, RecordedWrite> inFlight = [];
        Dictionary<long, int> flushes = [];
        List<RecordedWrite> completed = [];
        int nextWrite = 0;
        for (int at = 0; at < _events.Count; at++)
        {
            RecordedEvent happened = _events[at];
            if (happened.IsWrite)
            {
                inFlight[happened.Id] = _writes[nextWrite++];
            }
            if (happened.Kind is RecordedKind.Flush or RecordedKind.DurableWrite)
            {
                flushes[happened.Id] = at;
            }
            if (happened.Kind != RecordedKind.Completion)
            {
                continue;
            }
            bool isFlush = flushes.Remove(happened.Id, out int issued) && happened.Result == 0;
            if (inFlight.Remove(happened.Id, out RecordedWrite? write))
            {
                write.CompletionEvent = at;
                write.DurableEvent = isFlush ? at : int.MaxValue;
                completed.Add(write);
            }
            if (isFlush)
            {
                _flushed.Add(at);
                completed.FindAll(earlier => earlier.CompletionEvent < issued).ForEach(earlier => earlier.DurableEvent = at);
                completed.RemoveAll(earlier => earlier.DurableEvent <= at);
            }
        }
    }
}
