namespace Txlfs.Journal.Runtime;

/// <summary>The seams of a real process.</summary>
public static class SystemSeams
{
    public static Seams Create(ILogSink log)
    {
        ThreadPoolExecutor executor = ThreadPoolExecutor.Instance;
        return new Seams(executor, new SystemClock(executor), SystemRandom.Instance, log);
    }
}
