using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Operations;
using Txlfs.Journal.Device.Files;

namespace Txlfs.Fsd.Host;

/// <summary>What a mount was asked to be: the <c>-o</c> options, parsed.</summary>
public sealed record MountSettings
{
    public bool IsReadOnly { get; init; }

    /// <summary>No write-back cache in the kernel: write(2) itself reaches the daemon.</summary>
    public bool IsStrict { get; init; }
    public FuseTransportKind Transport { get; init; } = FuseTransportKind.Auto;
    public IoEngineKind Engine { get; init; } = IoEngineKind.Auto;

    /// <summary>Ceiling of the whole process; null: chosen from the machine's memory.</summary>
    public long? MemoryBytes { get; init; }
    public long? CheckpointLogBytes { get; init; }
    public int? CommitIntervalMs { get; init; }
    public AtimePolicy Atime { get; init; } = AtimePolicy.Relative;
    public bool Discard { get; init; }

    /// <summary>Null: yes for root, no for others.</summary>
    public bool? AllowOther { get; init; }

    /// <summary>Where the log goes besides the journal, when not empty.</summary>
    public string LogFile { get; init; } = "";
    public bool IsRemount { get; init; }

    /// <summary>A layer for tests between volume and device; null: none.</summary>
    public DeviceModelSettings? DeviceModel { get; init; }

    /// <summary>Options that the kernel itself takes: nosuid, sync, ...</summary>
    public IReadOnlyList<string> KernelOptions { get; init; } = [];
}
