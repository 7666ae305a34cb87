using System.Runtime.InteropServices;

namespace Txlfs.Journal.Device.Files;

/// <summary>The two queues that are shared with the kernel. Knows their layout and nothing of requests; the callers see to it that one thread at a time is on each side.</summary>
internal sealed unsafe class UringMemory : IDisposable
{
    private const uint NeededFeatures = UringInterop.FeatureSingleMmap | UringInterop.FeatureNoDrop | UringInterop.FeatureCurrentPosition;

    private readonly int _ring;
    private readonly byte* _rings;
    private readonly nuint _ringsBytes;
    private readonly UringInterop.SubmissionEntry* _entries;
    private readonly nuint _entriesBytes;
    private readonly uint* _submissionHead;
    private readonly uint* _submissionTail;
    private readonly uint* _submissionArray;
    private readonly uint _submissionMask;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly UringInterop.CompletionEntry* _completions;
    private readonly uint _completionMask;

    private UringMemory(int ring, in UringInterop.Parameters parameters)
    {
        _ring = ring;
        Capacity = (int)parameters.SubmissionEntries;
        nuint submissionBytes = parameters.Submission.Array + parameters.SubmissionEntries * sizeof(uint);
        nuint completionBytes = parameters.Completion.Entries + parameters.CompletionEntries * (nuint)sizeof(UringInterop.CompletionEntry);
        _ringsBytes = nuint.Max(submissionBytes, completionBytes);
        _entriesBytes = parameters.SubmissionEntries * (nuint)sizeof(UringInterop.SubmissionEntry);
        _rings = Map(_ringsBytes, UringInterop.OffsetOfRings);
        _entries = (UringInterop.SubmissionEntry*)Map(_entriesBytes, UringInterop.OffsetOfEntries);
        _submissionHead = (uint*)(_rings + parameters.Submission.Head);
        _submissionTail = (uint*)(_rings + parameters.Submission.Tail);
        _submissionArray = (uint*)(_rings + parameters.Submission.Array);
        _submissionMask = *(uint*)(_rings + parameters.Submission.RingMask);
        _completionHead = (uint*)(_rings + parameters.Completion.Head);
        _completionTail = (uint*)(_rings + parameters.Completion.Tail);
        _completions = (UringInterop.CompletionEntry*)(_rings + parameters.Completion.Entries);
        _completionMask = *(uint*)(_rings + parameters.Completion.RingMask);
        for (uint i = 0; i < parameters.SubmissionEntries; i++)
            _submissionArray[i] = i;
    }

    /// <summary>Entries of the submission queue; the completion queue has twice as many.</summary>
    public int Capacity { get; }

    /// <summary>Null, with the reason, where the kernel has no io_uring, forbids it, or has one that is too old.</summary>
    public static UringMemory? TryCreate(int entries, out string reason)
    {
        UringInterop.Parameters parameters = default;
        int ring = UringInterop.Setup((uint)entries, &parameters);
        if (ring < 0)
        {
            reason = $"io_uring_setup: {Marshal.GetPInvokeErrorMessage(-ring)}";
            return null;
        }
        if ((parameters.Features & NeededFeatures) != NeededFeatures)
        {
            FileInterop.Close(ring);
            reason = "io_uring of this kernel is older than 5.6";
            return null;
        }
        reason = "";
        return new UringMemory(ring, parameters);
    }

    /// <summary>The next free submission entry, cleared. The caller fills it and then calls <see cref="Publish"/>; it has made sure that there is room.</summary>
    public UringInterop.SubmissionEntry* NextEntry()
    {
        uint tail = *_submissionTail;
        if (tail - Volatile.Read(ref *_submissionHead) > _submissionMask)
            throw new InvalidOperationException("the submission queue is full, though operations in flight are bounded by its size");
        UringInterop.SubmissionEntry* entry = _entries + (tail & _submissionMask);
        *entry = default;
        return entry;
    }

    public void Publish() => Volatile.Write(ref *_submissionTail, *_submissionTail + 1);

    /// <summary>
    /// Hands one published entry to the kernel. Any number of threads may do so at once: each takes one entry, not
    /// necessarily its own, and together they take all.
    /// </summary>
    public void SubmitOne()
    {
        while (true)
        {
            int result = UringInterop.Enter(_ring, 1, 0, 0);
            if (result == 1)
                return;
            // The entry stays queued; the kernel is short of memory, has completions to hand over first, or was interrupted.
            if (result is not (0 or -Errno.EINTR or -Errno.EAGAIN or -Errno.EBUSY))
                throw new DeviceException($"io_uring_enter: {Marshal.GetPInvokeErrorMessage(-result)}", -result);
            Thread.Yield();
        }
    }

    /// <summary>Takes one completion if there is one.</summary>
    public bool TryTake(out UringInterop.CompletionEntry completion)
    {
        uint head = *_completionHead;
        if (head == Volatile.Read(ref *_completionTail))
        {
            completion = default;
            return false;
        }
        completion = _completions[head & _completionMask];
        Volatile.Write(ref *_completionHead, head + 1);
        return true;
    }

    /// <summary>Blocks this thread until there is a completion, or for no reason.</summary>
    public void WaitForCompletion()
    {
        int result = UringInterop.Enter(_ring, 0, 1, UringInterop.EnterGetEvents);
        if (result < 0 && result is not (-Errno.EINTR or -Errno.EAGAIN or -Errno.EBUSY))
            throw new DeviceException($"io_uring_enter: {Marshal.GetPInvokeErrorMessage(-result)}", -result);
    }

    public void Dispose()
    {
        _ = MemoryInterop.munmap(_rings, _ringsBytes);
        _ = MemoryInterop.munmap(_entries, _entriesBytes);
        FileInterop.Close(_ring);
    }

    private byte* Map(nuint lengthBytes, long offsetBytes)
    {
        const int flags = MemoryInterop.MapShared | MemoryInterop.MapPopulate;
        void* memory = MemoryInterop.mmap(null, lengthBytes, MemoryInterop.ProtReadWrite, flags, _ring, offsetBytes);
        if (memory == MemoryInterop.MapFailed)
            throw new DeviceException("io_uring: the queues cannot be mapped", Marshal.GetLastPInvokeError());
        return (byte*)memory;
    }
}
