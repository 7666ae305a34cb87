using Txlfs.Fsd.Fuse.Abi;

namespace Txlfs.Fsd.Fuse;

public enum FuseTransportKind
{
    /// <summary>io_uring where the kernel offers it, /dev/fuse otherwise.</summary>
    Auto,

    /// <summary>io_uring; starting fails where it is not to be had.</summary>
    Uring,
    Dev,
}

public sealed record FuseServerOptions
{
    public required string MountPoint { get; init; }

    /// <summary>What the mount table shows as the device.</summary>
    public required string Source { get; init; }

    public string Subtype { get; init; } = "txlfs";

    /// <summary>Generic options of mount(8): ro, noatime, nosuid, nodev, noexec, sync, ... "suid" and "dev" allow what FUSE forbids by default (root only).</summary>
    public IReadOnlyList<string> MountOptions { get; init; } = [];

    public bool DefaultPermissions { get; init; } = true;

    /// <summary>Others than the mounting user may use it. Who is not root gets this only where /etc/fuse.conf says user_allow_other.</summary>
    public bool AllowOther { get; init; } = true;

    public FuseTransportKind Transport { get; init; } = FuseTransportKind.Auto;

    /// <summary>
    /// Mounts as fuseblk: <see cref="Source"/> is a block device, which the kernel then holds; unmounting waits for the filesystem's answer to DESTROY,
    /// and newer kernels pass sync(2) on as SYNCFS. Root only.
    /// </summary>
    public bool IsBlockDevice { get; init; }

    /// <summary>Features wanted of the kernel; what it does not offer is dropped.</summary>
    public FuseInitFlags Wanted { get; init; } = FuseNegotiation.Default;

    public int MaxWriteBytes { get; init; } = 1 << 20;
    public int MaxReadAheadBytes { get; init; } = 1 << 20;

    /// <summary>Asynchronous requests (read-ahead, write-back, asynchronous direct I/O) the kernel keeps in flight.</summary>
    public int MaxBackground { get; init; } = 64;

    /// <summary>0: one for each core.</summary>
    public int WorkerCount { get; init; }

    /// <summary>Requests of one io_uring queue (one for each possible core) that are with the filesystem at once.</summary>
    public int UringQueueDepth { get; init; } = 4;

    /// <summary>Requests that are with the filesystem at once over /dev/fuse.</summary>
    public int DevRequestLimit { get; init; } = 32;

    /// <summary>Where people are told of what went wrong without stopping the mount.</summary>
    public Action<string> Warn { get; init; } = static _ => { };
}
