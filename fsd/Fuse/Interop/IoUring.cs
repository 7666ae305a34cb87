using System.Runtime.CompilerServices;

namespace Txlfs.Fsd.Fuse.Interop;

/// <summary>One io_uring with 128 byte submissions. Everything but <see cref="Wake"/> is for the thread that made it.</summary>
internal sealed unsafe class IoUring : IDisposable
{
    private const uint SetupCqSize = 1 << 3, SetupSubmitAll = 1 << 7, SetupSqe128 = 1 << 10, SetupSingleIssuer = 1 << 12;
    private const uint SetupDeferTaskRun = 1 << 13, SetupNoSqArray = 1 << 16;
    private const uint EnterGetEvents = 1 << 0, EnterExtArg = 1 << 3;
    private const uint RegisterSendMsgRing = 31;
    private const nint OffsetSqes = 0x10000000;
    private const int ETime = 62;

    private readonly int _fd;
    private readonly byte* _rings;
    private readonly nuint _ringsBytes;
    private readonly IoUringSqe* _sqes;
    private readonly nuint _sqesBytes;
    private readonly uint* _sqTail;
    private readonly uint _sqMask;
    private readonly uint* _cqHead, _cqTail;
    private readonly uint _cqMask;
    private readonly IoUringCqe* _cqes;
    private uint _sqTailLocal, _unsubmitted;
    private readonly uint _sqEntries;

    private IoUring(int fd, in IoUringParams parameters)
    {
        _fd = fd;
        _ringsBytes = parameters.Cq.Cqes + parameters.CqEntries * (nuint)sizeof(IoUringCqe);
        _sqesBytes = parameters.SqEntries * (nuint)sizeof(IoUringSqe);
        _rings = Map(_ringsBytes, 0);
        _sqes = (IoUringSqe*)Map(_sqesBytes, OffsetSqes);
        _sqEntries = parameters.SqEntries;
        _sqTail = (uint*)(_rings + parameters.Sq.Tail);
        _sqMask = *(uint*)(_rings + parameters.Sq.RingMask);
        _cqHead = (uint*)(_rings + parameters.Cq.Head);
        _cqTail = (uint*)(_rings + parameters.Cq.Tail);
        _cqMask = *(uint*)(_rings + parameters.Cq.RingMask);
        _cqes = (IoUringCqe*)(_rings + parameters.Cq.Cqes);
    }

    /// <summary>Null, and the error, when the kernel does not give one.</summary>
    public static IoUring? TryCreate(uint entries, out int errno)
    {
        // DEFER_TASKRUN: requests arrive only while this thread is in enter(), which is also what makes trimming idle buffers safe.
        var parameters = new IoUringParams
        {
            Flags = SetupCqSize | SetupSubmitAll | SetupSqe128 | SetupSingleIssuer | SetupDeferTaskRun | SetupNoSqArray,
            CqEntries = entries * 2,
        };
        int fd = LibC.IoUringSetup(LibC.SysIoUringSetup, entries, &parameters);
        errno = fd < 0 ? LibC.LastErrno : 0;
        return fd < 0 ? null : new IoUring(fd, parameters);
    }

    /// <summary>A cleared submission that goes to the kernel with the next <see cref="Submit"/>.</summary>
    public ref IoUringSqe NextSqe()
    {
        if (_unsubmitted == _sqEntries)
            throw new InvalidOperationException("The submission queue is full.");
        ref IoUringSqe sqe = ref _sqes[_sqTailLocal & _sqMask];
        sqe = default;
        _sqTailLocal++;
        _unsubmitted++;
        return ref sqe;
    }

    /// <summary>Hands over what was prepared and takes in what has arrived, without waiting. 0 or an errno.</summary>
    public int Submit()
    {
        Volatile.Write(ref *_sqTail, _sqTailLocal);
        while (_unsubmitted > 0)
        {
            int taken = LibC.IoUringEnter(LibC.SysIoUringEnter, _fd, _unsubmitted, 0, EnterGetEvents, null, 0);
            if (taken >= 0)
                _unsubmitted -= (uint)taken;
            else if (LibC.LastErrno is not (Journal.Errno.EINTR or Journal.Errno.EAGAIN or Journal.Errno.EBUSY))
                return LibC.LastErrno;
        }
        return 0;
    }

    /// <summary>Waits for a completion, or until the timeout (0: none). 0, ETIMEDOUT, EINTR or another errno.</summary>
    public int Wait(int timeoutMs)
    {
        var timeout = new KernelTimeSpec { Seconds = timeoutMs / 1000, Nanoseconds = timeoutMs % 1000 * 1_000_000L };
        var argument = new IoUringGetEventsArg { Timeout = &timeout };
        int result = timeoutMs == 0
            ? LibC.IoUringEnter(LibC.SysIoUringEnter, _fd, 0, 1, EnterGetEvents, null, 0)
            : LibC.IoUringEnter(LibC.SysIoUringEnter, _fd, 0, 1, EnterGetEvents | EnterExtArg, &argument, (nuint)sizeof(IoUringGetEventsArg));
        if (result >= 0)
            return 0;
        return LibC.LastErrno == ETime ? Journal.Errno.ETIMEDOUT : LibC.LastErrno;
    }

    public bool HasCompletion => *_cqHead != Volatile.Read(ref *_cqTail);

    /// <summary>The result of the oldest completion, which stays in the queue; 0 when there is none.</summary>
    public int PeekResult() => HasCompletion ? _cqes[*_cqHead & _cqMask].Result : 0;

    public bool TryTakeCompletion(out IoUringCqe completion)
    {
        uint head = *_cqHead;
        if (head == Volatile.Read(ref *_cqTail))
        {
            Unsafe.SkipInit(out completion);
            return false;
        }
        completion = _cqes[head & _cqMask];
        Volatile.Write(ref *_cqHead, head + 1);
        return true;
    }

    /// <summary>From any thread: makes a completion with this user data appear in the ring and so ends its thread's wait.</summary>
    public int Wake(ulong userData)
    {
        var sqe = new IoUringSqe { Opcode = IoUringSqe.OpMsgRing, Fd = _fd, Offset = userData };
        return LibC.IoUringRegister(LibC.SysIoUringRegister, -1, RegisterSendMsgRing, &sqe, 1) < 0 ? LibC.LastErrno : 0;
    }

    public void Dispose()
    {
        _ = LibC.MUnmap(_sqes, _sqesBytes);
        _ = LibC.MUnmap(_rings, _ringsBytes);
        _ = LibC.Close(_fd);
    }

    private byte* Map(nuint lengthBytes, nint offset)
    {
        void* address = LibC.MMap(null, lengthBytes, LibC.ProtReadWrite, LibC.MapShared | LibC.MapPopulate, _fd, offset);
        if (address == (void*)-1)
            throw new OutOfMemoryException($"Mapping an io_uring failed (errno {LibC.LastErrno}).");
        return (byte*)address;
    }
}
