namespace Txlfs.Fsd.Fuse;

/// <summary>Moves requests and replies between the kernel and the filesystem until the mount is gone.</summary>
internal interface IFuseTransport : IInterruptible, IDisposable
{
    /// <summary>The most native memory its request buffers can take.</summary>
    long MemoryBoundBytes { get; }

    /// <summary>When the kernel has closed the connection and every request has come back from the filesystem.</summary>
    Task Finished { get; }
}
