using System.Runtime.CompilerServices;
using Txlfs.Journal.Codec;

namespace Txlfs.Journal.Frames;

internal enum FrameState { Free, Open, Sealed, Finalizing, Writing, Written, Lingering }

/// <summary>
/// A frame of the foreground head and where it stands. Free -> Open (LogWriter.EnsureOpen) -> Sealed (SealOpen) -> Finalizing -> Writing
/// (Pump) -> Written (OnWritten, still in the queue while an earlier frame is not) -> Free (Recycle), or Lingering while somebody copies out of it,
/// and then Free. All fields are guarded by the writer's lock.
/// </summary>
internal sealed class LogFrame : IDisposable
{
    private readonly Action<LogFrame> _written;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _awaiter;
    private readonly Action _continuation;

    internal LogFrame(ChecksumKind checksumKind, Action<LogFrame> written)
    {
        Buffer = new FrameBuffer(checksumKind);
        _written = written;
        _continuation = () => _written(this);
    }

    internal FrameBuffer Buffer { get; }
    internal FrameState State { get; set; }

    /// <summary>Extents reserved and not yet completed: the frame is not written before this is zero.</summary>
    internal int PendingCopies { get; set; }

    /// <summary>Readers copying out of the frame's memory: it is not reused before this is zero.</summary>
    internal int Pins { get; set; }
    internal bool IsDurableWrite { get; set; }
    internal long SuccessorAddressBytes { get; set; }

    /// <summary>The device range that reads must take from memory; read without the lock (see LogWriter.TryReadInFlight).</summary>
    internal long VolatileStartBytes, VolatileEndBytes;

    /// <summary>Runs the written-callback when the device is done, without an allocation a write.</summary>
    internal void Watch(ValueTask<int> write)
    {
        _awaiter = write.ConfigureAwait(false).GetAwaiter();
        if (_awaiter.IsCompleted)
        {
            _written(this);
        }
        else
        {
            _awaiter.UnsafeOnCompleted(_continuation);
        }
    }

    internal int TakeResult() => _awaiter.GetResult();

    public void Dispose() => Buffer.Dispose();
}
