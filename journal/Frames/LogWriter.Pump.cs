using System.Runtime.CompilerServices;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;

namespace Txlfs.Journal.Frames;

// The writer's stages. Every method named "...Locked" or listed in LogFrame's state line runs under the lock; I/O is started outside of it.
public sealed partial class LogWriter
{
    private readonly Action _flushContinuation;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _flushAwaiter;
    private ulong _flushCoversSequence;
    private readonly Action _backgroundSyncContinuation;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _backgroundSync;
    private bool _isBackgroundSyncRunning;

    private enum Step { Idle, Again, Finalize, Flush }

    /// <summary>Does whatever can be done now; called after every change, from any thread.</summary>
    private void Pump()
    {
        while (true)
        {
            LogFrame? frame = null;
            Step step;
            lock (_lock)
            {
                _needsKick = false;
                step = NextStep(out frame);
            }
            switch (step)
            {
                case Step.Finalize:
                    FinalizeAndWrite(frame!);
                    break;
                case Step.Flush:
                    StartFlush();
                    break;
                case Step.Idle:
                    return;
            }
        }
    }

    private Step NextStep(out LogFrame? frame)
    {
        frame = null;
        if (_failure != 0)
        {
            return Step.Idle;
        }
        if (!_isFinalizing && TryTakeWritable(out frame))
        {
            return Step.Finalize;
        }
        ulong wanted = _syncWaiters.MinTarget();
        bool mayFlush = !_isFlushInFlight && _durableWriteSequence <= _durableSequence;
        if (mayFlush && (!_flushWaiters.IsEmpty || wanted <= _writtenSequence))
        {
            _isFlushInFlight = true;
            _flushCoversSequence = _writtenSequence;
            _flushTakers = _flushWaiters.TakeAll();
            return Step.Flush;
        }
        if (_syncWaiters.IsEmpty)
        {
            return Step.Idle;
        }

        // Group commit: while one sync is under way the open frame keeps gathering; the next sync takes all of it.
        if (_open is { Buffer.IsEmpty: false } && wanted >= _open.Buffer.Sequence && _syncSealSequence <= _durableSequence && IsGroupThere())
        {
            BeginGroup(_open.Buffer.Sequence);
            SealOpen();
            return Step.Again;
        }
        return Step.Idle;
    }

    private bool TryTakeWritable(out LogFrame? frame)
    {
        frame = null;
        foreach (LogFrame candidate in _queue)
        {
            if (candidate.State != FrameState.Sealed)
            {
                continue;
            }
            if (candidate.PendingCopies > 0)
            {
                return false;
            }
            candidate.State = FrameState.Finalizing;
            _isFinalizing = true;
            ulong sequence = candidate.Buffer.Sequence;

            // One command, one flush: only when nothing before this frame still waits for a flush (a durable write need not cover those).
            candidate.IsDurableWrite = !_syncWaiters.IsEmpty && _syncWaiters.MinTarget() <= sequence && _durableSequence == sequence - 1
                && !_isFlushInFlight && candidate == _queue.Peek() && _queue.Count == 1;
            if (candidate.IsDurableWrite)
            {
                _durableWriteSequence = sequence;
            }
            frame = candidate;
            return true;
        }
        return false;
    }

    private void FinalizeAndWrite(LogFrame frame)
    {
        var header = new FrameHeader
        {
            Head = LogHead.Foreground,
            VolumeId = _settings.VolumeId,
            Generation = _settings.Generation,
            DurableSequence = DurableSequence,
            SuccessorAddressBytes = frame.SuccessorAddressBytes,
            WallNs = _seams.Clock.WallNs,
        };
        frame.Buffer.WriteHeader(header, _previousDigest);
        lock (_lock)
        {
            frame.Buffer.HeaderDigest.CopyTo(_previousDigest);
            _finalizedSequence = frame.Buffer.Sequence;
            if (_finalizedSequence == _cutSequence)
            {
                _previousDigest.CopyTo(_cutDigest, 0);
            }
            _isFinalizing = false;
            frame.State = FrameState.Writing;
        }
        frame.Watch(_device.WriteAsync(frame.Buffer.AddressBytes, frame.Buffer.Image, frame.IsDurableWrite ? WriteFlags.Durable : WriteFlags.None));
    }

    private void OnWritten(LogFrame frame)
    {
        int result = frame.TakeResult();
        WaiterList synced = default;
        WaiterList room = default;
        WaiterList refused = default;
        lock (_lock)
        {
            frame.State = FrameState.Written;
            if (result != 0)
            {
                FailLocked(result, "write", frame.Buffer.AddressBytes);
            }
            while (_failure == 0 && _queue.TryPeek(out LogFrame? first) && first.State == FrameState.Written)
            {
                _queue.Dequeue();
                _writtenSequence = first.Buffer.Sequence;
                if (first.IsDurableWrite)
                {
                    _durableSequence = _writtenSequence;
                }
                first.State = FrameState.Lingering;
                if (first.Pins == 0)
                {
                    Recycle(first);
                }
            }
            TakeReadyLocked(out synced, out room, out refused);
            EndGroup(synced.Count);
        }
        Finish(synced, room, refused);
    }

    private void StartFlush()
    {
        _flushAwaiter = _device.FlushAsync().ConfigureAwait(false).GetAwaiter();
        if (_flushAwaiter.IsCompleted)
        {
            OnFlushed();
        }
        else
        {
            _flushAwaiter.UnsafeOnCompleted(_flushContinuation);
        }
    }

    private void OnFlushed()
    {
        int result = _flushAwaiter.GetResult();
        WaiterList synced = default;
        WaiterList room = default;
        WaiterList refused = default;
        WaiterList flushed;
        lock (_lock)
        {
            _isFlushInFlight = false;
            flushed = _flushTakers.TakeAll();
            if (result != 0)
            {
                FailLocked(result, "flush", 0);
            }
            else
            {
                _durableSequence = Math.Max(_durableSequence, _flushCoversSequence);
            }
            TakeReadyLocked(out synced, out room, out refused);
            EndGroup(synced.Count);
        }
        Finish(synced, room, refused);
        flushed.Complete(result);
    }

    private void TakeReadyLocked(out WaiterList synced, out WaiterList room, out WaiterList refused)
    {
        refused = _failure != 0 ? _flushWaiters.TakeAll() : default;
        synced = _failure != 0 ? _syncWaiters.TakeAll() : _syncWaiters.TakeUpTo(_durableSequence);
        room = _failure != 0 || _free.Count > 0 ? _roomWaiters.TakeAll() : default;
    }

    private void Finish(WaiterList synced, WaiterList room, WaiterList refused)
    {
        // The next I/O is started before the waiters run: they may take a while (they send replies).
        Pump();
        synced.Complete(_failure != 0 ? -Errno.EIO : 0);
        room.Complete(0);
        refused.Complete(-Errno.EIO);
    }

    /// <summary>What a failed write or flush left on the device is unknown: nothing is retried, nothing later is acknowledged (contract 3).</summary>
    private void FailLocked(int result, string what, long addressBytes)
    {
        if (_failure == 0)
        {
            _failure = -result;
            _seams.Log.Write(LogSeverity.Error, $"log {what} failed with errno {-result} at device address {addressBytes}: the volume takes no more changes until it is mounted anew");
        }
    }

    /// <summary>Makes sure that a frame is open. 0, -EAGAIN (all frames are on their way), -ENOSPC, -EIO.</summary>
    private int EnsureOpen()
    {
        if (_failure != 0)
        {
            return -Errno.EIO;
        }
        if (_open is not null)
        {
            return 0;
        }
        if (_free.Count == 0)
        {
            return -Errno.EAGAIN;
        }
        if (_successorAddressBytes == 0 && !_segments.TryTake(LogHead.Foreground, out _successorAddressBytes))
        {
            _successorAddressBytes = 0;
        }
        if (_isSegmentFull || _settings.SegmentBytes - _offsetBytes < FrameLimits.MinUsefulBytes)
        {
            if (_successorAddressBytes == 0)
            {
                return -Errno.ENOSPC;
            }
            if (!_isSuccessorNamed)
            {
                SealNamingFrame();
                return _free.Count == 0 ? -Errno.EAGAIN : EnsureOpen();
            }
            MoveToSuccessor();
        }
        OpenFrame(_free.Pop(), RoomBytes - FrameFormat.BlockBytes);
        return 0;
    }

    private int RoomBytes => _settings.SegmentBytes - _offsetBytes;

    /// <summary>
    /// The successor was found only after the segment's last ordinary frame: one empty frame names it, in the block that every segment keeps
    /// for this. Otherwise recovery could not follow the log out of this segment.
    /// </summary>
    private void SealNamingFrame()
    {
        OpenFrame(_free.Pop(), RoomBytes);
        SealOpen(evenEmpty: true);
    }

    private void OpenFrame(LogFrame frame, int roomBytes)
    {
        frame.Buffer.Open(_segmentAddressBytes + _offsetBytes, _nextSequence, roomBytes);
        frame.State = FrameState.Open;
        frame.PendingCopies = 0;
        frame.IsDurableWrite = false;
        frame.SuccessorAddressBytes = _successorAddressBytes;
        Volatile.Write(ref frame.VolatileStartBytes, _segmentAddressBytes + _offsetBytes);
        Volatile.Write(ref frame.VolatileEndBytes, _segmentAddressBytes + Math.Min(_settings.SegmentBytes, _offsetBytes + FrameLimits.MaxFrameBytes));
        _nextSequence++;
        _open = frame;
    }

    /// <summary>The open frame is too full for what comes next: seals it; or, when even an empty frame does not fit, leaves the segment. True when one was sealed.</summary>
    private bool MakeRoom(LogFrame frame)
    {
        if (!frame.Buffer.IsEmpty)
        {
            SealOpen();
            return true;
        }
        _open = null;
        _nextSequence--;
        Recycle(frame);
        _isSegmentFull = true;
        return false;
    }

    private void SealOpen(bool evenEmpty = false)
    {
        LogFrame? frame = _open;
        if (frame is null || (frame.Buffer.IsEmpty && !evenEmpty))
        {
            return;
        }
        frame.Buffer.Close(_settings.RedoCodec);
        frame.State = FrameState.Sealed;
        Volatile.Write(ref frame.VolatileEndBytes, frame.Buffer.AddressBytes + frame.Buffer.LengthBytes);
        _offsetBytes += frame.Buffer.LengthBytes;
        SealedBytes += frame.Buffer.LengthBytes;
        SealedFrames++;
        _queue.Enqueue(frame);
        _needsKick = true;
        _open = null;
        _isSuccessorNamed = frame.SuccessorAddressBytes != 0;
    }

    private void MoveToSuccessor()
    {
        _segments.Left(LogHead.Foreground, _segmentAddressBytes, _nextSequence - 1);
        _segmentAddressBytes = _successorAddressBytes;
        _offsetBytes = 0;
        _isSegmentFull = false;
        _isSuccessorNamed = false;
        if (!_segments.TryTake(LogHead.Foreground, out _successorAddressBytes))
        {
            _successorAddressBytes = 0;
        }
    }

    private void Recycle(LogFrame frame)
    {
        frame.State = FrameState.Free;
        Volatile.Write(ref frame.VolatileEndBytes, 0);
        _free.Push(frame);
    }

    private void ArmTimer()
    {
        if (!_isTimerArmed && !_isClosed)
        {
            _isTimerArmed = true;
            _seams.Clock.Schedule(_settings.CommitIntervalMs, _timer);
        }
    }

    /// <summary>The commit interval has passed: what was appended is made durable though nobody asked, as sync(2) is not always passed on to us.</summary>
    private void OnTimer()
    {
        lock (_lock)
        {
            _isTimerArmed = false;
            if (_isClosed || _failure != 0 || _isBackgroundSyncRunning)
            {
                return;
            }
            _isBackgroundSyncRunning = true;
        }
        _backgroundSync = SyncAsync().ConfigureAwait(false).GetAwaiter();
        if (_backgroundSync.IsCompleted)
        {
            OnBackgroundSync();
        }
        else
        {
            _backgroundSync.UnsafeOnCompleted(_backgroundSyncContinuation);
        }
    }

    private void OnBackgroundSync()
    {
        _backgroundSync.GetResult();
        lock (_lock)
        {
            _isBackgroundSyncRunning = false;
        }
    }

    private sealed class SealTimer(LogWriter owner) : IWorkItem
    {
        public void Execute() => owner.OnTimer();
    }
}
