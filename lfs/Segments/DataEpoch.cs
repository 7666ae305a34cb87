namespace Txlfs.Lfs.Segments;

/// <summary>
/// Counts operations that hold data in the log which no record names yet. A segment that is dead at a checkpoint's cut may still be about to get
/// such a record, so it is freed only when every operation that began before the segment was left has ended (invariant S3).
/// The usual two-counter scheme: operations count themselves into the current epoch; each checkpoint starts a new one if the one before has drained.
/// Nobody ever waits for an epoch: an operation may itself be waiting for the checkpoint.
/// </summary>
internal sealed class DataEpoch
{
    private readonly Lock _lock = new();
    private readonly int[] _running = new int[2];
    private int _epoch = 1;

    /// <summary>The number to give to <see cref="Exit"/>, and to remember with a segment that is left now.</summary>
    public int Current => Volatile.Read(ref _epoch);

    public int Enter()
    {
        lock (_lock)
        {
            _running[_epoch & 1]++;
            return _epoch;
        }
    }

    public void Exit(int epoch)
    {
        lock (_lock)
        {
            _running[epoch & 1]--;
        }
    }

    /// <summary>Starts a new epoch, unless operations of the one before the current are still running.</summary>
    public void TryFlip()
    {
        lock (_lock)
        {
            if (_running[(_epoch & 1) ^ 1] == 0)
            {
                Volatile.Write(ref _epoch, _epoch + 1);
            }
        }
    }

    /// <summary>No running operation began in an epoch before this one.</summary>
    public int OldestRunning()
    {
        lock (_lock)
        {
            return _running[(_epoch & 1) ^ 1] == 0 ? (_running[_epoch & 1] == 0 ? _epoch + 1 : _epoch) : _epoch - 1;
        }
    }
}
