using Txlfs.Journal.Runtime;

namespace Txlfs.Journal.Device;

/// <summary>One command of an io_uring, as its submission entries have it.</summary>
public readonly record struct RingCommand(byte Opcode, int File, nuint Memory, int LengthBytes, long OffsetBytes, uint OperationFlags);

/// <summary>Who is told of a command's end: on the lane's thread, with the kernel's result (a count, 0, or a negated errno).</summary>
public interface ILaneCompletion
{
    void OnCompleted(int result);
}

/// <summary>
/// The io_uring that a thread serves itself. What such a thread reads and writes goes through its own ring: submitted together with what else the thread
/// has for the kernel, and its end is found by the thread that goes on with it, without a hand-over between threads.
/// All members are for the lane's own thread.
/// </summary>
public abstract class IoLane
{
    [ThreadStatic]
    private static IoLane? t_current;

    /// <summary>The lane of the running thread; null on threads that serve no ring.</summary>
    public static IoLane? Current => t_current;

    /// <summary>Takes a command that begins soon; false when the lane is full: take another way.</summary>
    public abstract bool TryPost(in RingCommand command, ILaneCompletion completion);

    /// <summary>Runs the item on this thread after the delay, to a few microseconds; false when the lane is full.</summary>
    public abstract bool TrySchedule(long delayNs, IWorkItem item);

    /// <summary>Makes this the running thread's lane; null: it has none any more.</summary>
    protected static void SetCurrent(IoLane? lane) => t_current = lane;
}
