using System.Runtime.InteropServices;
using Txlfs.Fsd.Fuse.Interop;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;

namespace Txlfs.Fsd.Fuse.Uring;

/// <summary>The device's commands on a worker's ring, beside the kernel's requests: the worker that takes a request in also writes, flushes and answers.</summary>
internal sealed unsafe class UringLane : IoLane, IDisposable
{
    /// <summary>Commands and timers in flight at once; what exceeds it goes through the device's own ring.</summary>
    public const int Capacity = 64;

    private const ulong Tag = 1UL << 32;

    private readonly IoUring _ring;

    /// <summary>Whose each slot is: an ILaneCompletion, or the IWorkItem of a timer.</summary>
    private readonly object?[] _owners = new object?[Capacity];
    private readonly int[] _freeSlots = new int[Capacity];
    private readonly KernelTimeSpec* _delays = (KernelTimeSpec*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(KernelTimeSpec));
    private int _freeCount = Capacity;

    public UringLane(IoUring ring)
    {
        _ring = ring;
        for (int i = 0; i < Capacity; i++)
            _freeSlots[i] = i;
    }

    /// <summary>Nothing is in flight.</summary>
    public bool IsIdle => _freeCount == Capacity;

    public static bool Owns(ulong userData) => userData - Tag < Capacity;

    /// <summary>The running thread serves the ring from now on.</summary>
    public void Enter() => SetCurrent(this);

    public void Leave() => SetCurrent(null);

    public override bool TryPost(in RingCommand command, ILaneCompletion completion)
    {
        if (!TryTakeSlot(completion, out int slot))
            return false;
        ref IoUringSqe sqe = ref PrepareSqe(slot, command.Opcode);
        sqe.Fd = command.File;
        sqe.Offset = (ulong)command.OffsetBytes;
        sqe.Address = command.Memory;
        sqe.Length = (uint)command.LengthBytes;
        sqe.OperationFlags = command.OperationFlags;
        return true;
    }

    public override bool TrySchedule(long delayNs, IWorkItem item)
    {
        if (!TryTakeSlot(item, out int slot))
            return false;
        _delays[slot] = new KernelTimeSpec { Seconds = delayNs / 1_000_000_000, Nanoseconds = delayNs % 1_000_000_000 };
        ref IoUringSqe sqe = ref PrepareSqe(slot, IoUringSqe.OpTimeout);
        sqe.Fd = -1;
        sqe.Address = (ulong)(_delays + slot);
        sqe.Length = 1;
        return true;
    }

    /// <summary>A command has ended; its slot is free before its owner goes on, so that the owner finds one for its next step.</summary>
    public void Complete(ulong userData, int result)
    {
        int slot = (int)(userData - Tag);
        object owner = _owners[slot]!;
        _owners[slot] = null;
        _freeSlots[_freeCount++] = slot;
        if (owner is ILaneCompletion command)
            command.OnCompleted(result);
        else
            ((IWorkItem)owner).Execute();
    }

    public void Dispose() => NativeMemory.Free(_delays);

    private bool TryTakeSlot(object owner, out int slot)
    {
        slot = -1;
        if (_freeCount == 0)
            return false;
        slot = _freeSlots[--_freeCount];
        _owners[slot] = owner;
        return true;
    }

    private ref IoUringSqe PrepareSqe(int slot, byte opcode)
    {
        ref IoUringSqe sqe = ref _ring.NextSqe();
        sqe.Opcode = opcode;
        sqe.UserData = Tag + (uint)slot;
        return ref sqe;
    }
}
