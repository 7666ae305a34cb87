using System.Runtime.CompilerServices;

namespace Txlfs.Tests.Mounted;

/// <summary>
/// The simulated runs keep a pool thread each for minutes. On two cores they are all that the pool has at first, and it adds others only twice a second: whoever reads
/// a program's output in the meantime would wait for seconds, and take what it has not read for nothing.
/// </summary>
internal static class ThreadPoolRoom
{
    private const int Threads = 32;

    [ModuleInitializer]
    internal static void Make() => ThreadPool.SetMinThreads(Threads, Threads);
}
