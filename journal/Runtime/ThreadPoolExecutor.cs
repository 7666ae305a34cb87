namespace Txlfs.Journal.Runtime;

/// <summary>The production executor: the process's thread pool, with no closure and no captured context per item.</summary>
public sealed class ThreadPoolExecutor : IExecutor
{
    public static readonly ThreadPoolExecutor Instance = new();

    private ThreadPoolExecutor()
    {
    }

    public void Queue(IWorkItem item) => ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
}
