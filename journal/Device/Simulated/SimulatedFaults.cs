namespace Txlfs.Journal.Device.Simulated;

/// <summary>
/// What goes wrong on a simulated device, and when. Operations are counted from 1 per kind since the device was made; a durable write
/// counts as a write, and its flush as a flush. May be changed while the device runs.
/// </summary>
public sealed class SimulatedFaults
{
    private readonly Dictionary<long, int> _readErrors = [];
    private readonly Dictionary<long, int> _writeErrors = [];
    private readonly Dictionary<long, int> _flushErrors = [];
    private readonly Dictionary<long, long> _misdirections = [];
    private readonly HashSet<long> _lostWrites = [];
    private readonly HashSet<long> _lies = [];
    private readonly List<(long OffsetBytes, long LengthBytes, int Errno)> _badRanges = [];

    /// <summary>Every flush is acknowledged without making anything durable.</summary>
    public bool EveryFlushLies { get; set; }

    public void FailRead(long nth, int errno) => _readErrors[nth] = errno;

    /// <summary>The write fails; any of its sectors may be written all the same.</summary>
    public void FailWrite(long nth, int errno) => _writeErrors[nth] = errno;

    /// <summary>The flush fails, and what it covered will not be made durable by a later one either.</summary>
    public void FailFlush(long nth, int errno) => _flushErrors[nth] = errno;

    /// <summary>The write goes somewhere else and is acknowledged.</summary>
    public void MisdirectWrite(long nth, long toOffsetBytes) => _misdirections[nth] = toOffsetBytes;

    /// <summary>The write goes nowhere and is acknowledged.</summary>
    public void LoseWrite(long nth) => _lostWrites.Add(nth);

    /// <summary>The flush is acknowledged without making anything durable; a later, honest one covers the same writes.</summary>
    public void LieOnFlush(long nth) => _lies.Add(nth);

    /// <summary>Every read that touches the range fails, until <see cref="Heal"/>.</summary>
    public void FailReadsOf(long offsetBytes, long lengthBytes, int errno) => _badRanges.Add((offsetBytes, lengthBytes, errno));

    public void Heal() => _badRanges.Clear();

    /// <summary>Reads that were to fail and have not come yet succeed.</summary>
    public void ForgetReads() => _readErrors.Clear();

    internal int ReadResult(long nth, long offsetBytes, int lengthBytes)
    {
        if (_readErrors.TryGetValue(nth, out int errno))
            return -errno;
        foreach ((long startBytes, long badBytes, int rangeErrno) in _badRanges)
            if (offsetBytes < startBytes + badBytes && startBytes < offsetBytes + lengthBytes)
                return -rangeErrno;
        return 0;
    }

    internal int WriteResult(long nth) => -_writeErrors.GetValueOrDefault(nth);

    internal int FlushResult(long nth) => -_flushErrors.GetValueOrDefault(nth);

    internal bool IsLost(long nth) => _lostWrites.Contains(nth);

    internal bool IsLie(long nth) => EveryFlushLies || _lies.Contains(nth);

    internal long TargetOf(long nth, long offsetBytes) => _misdirections.GetValueOrDefault(nth, offsetBytes);
}
