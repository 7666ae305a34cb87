using System.Runtime.InteropServices;

namespace Txlfs.Journal.Runtime;

/// <summary>The kernel's clocks and random bytes, from libc.</summary>
internal static unsafe partial class ClockInterop
{
    public const int Realtime = 0;
    public const int Monotonic = 1;

    private const long NsPerSecond = 1_000_000_000;

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>Answered in user space by the vDSO, so the switch out of managed mode would cost more than the call.</summary>
    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial int clock_gettime(int clock, TimeSpec* time);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint getrandom(void* buffer, nuint lengthBytes, uint flags);

    public static long ReadNs(int clock)
    {
        TimeSpec time;
        // Cannot fail: the clock number is a constant and the pointer is ours.
        clock_gettime(clock, &time);
        return time.Seconds * NsPerSecond + time.Nanoseconds;
    }

    public static void FillRandom(Span<byte> destination)
    {
        fixed (byte* pointer = destination)
        {
            int doneBytes = 0;
            while (doneBytes < destination.Length)
            {
                nint gotBytes = getrandom(pointer + doneBytes, (nuint)(destination.Length - doneBytes), 0);
                if (gotBytes >= 0)
                    doneBytes += (int)gotBytes;
                else if (Marshal.GetLastPInvokeError() != Errno.EINTR)
                    throw new InvalidOperationException($"getrandom failed: errno {Marshal.GetLastPInvokeError()}");
            }
        }
    }
}
