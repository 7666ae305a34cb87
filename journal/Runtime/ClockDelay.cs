namespace Txlfs.Journal.Runtime;

/// <summary>An awaitable pause on the clock seam; for what is not hot, as it allocates.</summary>
public sealed class ClockDelay : TaskCompletionSource, IWorkItem
{
    private ClockDelay()
    {
    }

    public static Task For(IClock clock, int delayMs)
    {
        if (delayMs <= 0)
            return System.Threading.Tasks.Task.CompletedTask;
        var delay = new ClockDelay();
        clock.Schedule(delayMs, delay);
        return delay.Task;
    }

    public void Execute() => SetResult();
}
