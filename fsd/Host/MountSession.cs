using System.Reflection;
using Txlfs.Fsd.Control;
using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Mount;
using Txlfs.Fsd.Operations;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Files;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Host;

/// <summary>
/// One mount from opening the device to closing it. States: opened (device locked, log replayed) -> live (serving) -> unmounted (by us or
/// by others) -> closed (drained, checkpointed, device released). Each step undoes the ones before it when it fails.
/// </summary>
internal sealed class MountSession : IDisposable
{
    private readonly DaemonArguments _arguments;
    private readonly MountSettings _settings;
    private readonly MemoryPlan _plan;
    private readonly DaemonLog _log;
    private readonly Seams _seams;
    private readonly StatusPipe _status;
    private FileBlockDevice? _device;
    private DeviceModel? _model;
    private Volume? _volume;
    private VolumeFilesystem? _filesystem;
    private FuseServer? _server;

    public MountSession(DaemonArguments arguments, MountSettings settings, StatusPipe status)
    {
        (_arguments, _settings, _status) = (arguments, settings, status);
        _plan = MemoryPlan.For(settings.MemoryBytes ?? MemoryPlan.DefaultTotalBytes(SystemFiles.MachineMemoryBytes()));
        _log = new DaemonLog(Path.GetFileName(arguments.Device), settings.LogFile, LogSeverity.Info, status, new SystemClock(ThreadPoolExecutor.Instance));
        _seams = SystemSeams.Create(_log);
    }

    /// <summary>Serves until the mount is gone. The exit code.</summary>
    public async Task<int> RunAsync()
    {
        using StopSignals signals = new(isForeground: !_status.IsAttached);
        await OpenAsync().ConfigureAwait(false);
        try
        {
            _server = FuseServer.Start(ServerOptions(), _filesystem!);
        }
        catch (FuseException refused)
        {
            await _filesystem!.CloseAsync().ConfigureAwait(false);
            throw new CommandException(ExitCodes.FromErrno(refused.Errno), refused.Message);
        }
        _log.Write(LogSeverity.Info, $"mounted {_arguments.Device} on {_arguments.Directory}: {_server.TransportDescription}; device {_device!.Description}; "
            + $"memory {SizeText.Format(_plan.TotalBytes)} (volume {SizeText.Format(_plan.VolumeBytes)}, heap {SizeText.Format(_plan.HeapBytes)}, transport up to {SizeText.Format(_server.MemoryBoundBytes)})");
        ServiceManager.Ready($"{_arguments.Device} on {_arguments.Directory}");
        MountEntry? mount = OwnMount();
        if (mount is not null && !ReadAhead.TryWiden(mount))
        {
            _log.Write(LogSeverity.Info, "the kernel's read-ahead stays at its default: not permitted to change it");
        }
        await using ControlServer? control = StartControl(mount);
        _status.Ready();
        if (await Task.WhenAny(signals.Asked, _server.Finished).ConfigureAwait(false) == signals.Asked)
        {
            Unmount(await signals.Asked.ConfigureAwait(false));
        }
        await _server.Finished.ConfigureAwait(false);
        ServiceManager.Stopping();
        if (control is not null)
        {
            await control.DisposeAsync().ConfigureAwait(false);
        }
        return await CloseAsync().ConfigureAwait(false);
    }

    public void Dispose()
    {
        _server?.Dispose();
        _volume?.Dispose();
        _model?.Dispose();
        _device?.Dispose();
        _log.Dispose();
    }

    /// <summary>Locks the device and opens the volume on it.</summary>
    private async Task OpenAsync()
    {
        try
        {
            _device = DeviceOptions.OpenForMount(_arguments.Device, _settings);
            _model = _settings.DeviceModel is { } model ? DeviceModel.Attach(_device, model, _seams) : null;
        }
        catch (DeviceException refused)
        {
            throw new CommandException(ExitCodes.FromErrno(refused.ErrorNumber), refused.Message);
        }
        VolumeOptions defaults = new();
        VolumeOptions options = defaults with
        {
            MemoryBytes = _plan.VolumeBytes,
            IsReadOnly = _settings.IsReadOnly || _device.IsReadOnly,
            Discard = _settings.Discard,
            CheckpointLogBytes = _settings.CheckpointLogBytes ?? defaults.CheckpointLogBytes,
            CommitIntervalMs = _settings.CommitIntervalMs ?? defaults.CommitIntervalMs,
        };
        try
        {
            _volume = await Volume.OpenAsync(_model?.Device ?? _device, options, _seams).ConfigureAwait(false);
            _filesystem = new VolumeFilesystem(_volume, _settings.Atime, options.IsReadOnly, _seams);
        }
        catch (VolumeException refused)
        {
            throw new CommandException(refused.Errno == Journal.Errno.EINVAL ? ExitCodes.BadVolume : ExitCodes.FromErrno(refused.Errno), refused.Message);
        }
    }

    private FuseServerOptions ServerOptions()
    {
        bool isRoot = HostLibC.EffectiveUserId() == 0;
        FuseInitFlags wanted = FuseNegotiation.Default | FuseInitFlags.NoOpenDirSupport | FuseInitFlags.PosixAcl | FuseInitFlags.DontMask;

        // Root mounts like any other filesystem: set-user-id programs and devices work unless nosuid and nodev say otherwise.
        List<string> options = [_settings.IsReadOnly ? "ro" : "rw", .. isRoot ? ["suid", "dev"] : Array.Empty<string>(), .. _settings.KernelOptions];
        FuseServerOptions defaults = new() { MountPoint = _arguments.Directory, Source = _arguments.Device };
        return defaults with
        {
            MountOptions = options,
            AllowOther = _settings.AllowOther ?? isRoot,
            Transport = _settings.Transport,
            Wanted = _settings.IsStrict ? wanted & ~FuseInitFlags.WritebackCache : wanted,
            UringQueueDepth = _plan.UringQueueDepth(Environment.ProcessorCount, defaults.MaxWriteBytes),
            DevRequestLimit = _plan.DevRequestLimit(defaults.MaxWriteBytes),
            Warn = message => _log.Write(LogSeverity.Warning, message),
        };
    }

    private MountEntry? OwnMount() => MountTable.At(_arguments.Directory) is { } mount && MountTable.IsTxlfs(mount) ? mount : null;

    /// <summary>Null: the mount works without it.</summary>
    private ControlServer? StartControl(MountEntry? mount)
    {
        if (mount is null)
        {
            _log.Write(LogSeverity.Warning, $"no control socket: {_arguments.Directory} is not in the mount table");
            return null;
        }
        string version = typeof(MountSession).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
        var facts = new MountFacts(version, _arguments.Device, _arguments.Directory, _server!.TransportDescription, _device!.Description, _plan, _server.MemoryBoundBytes);
        return ControlServer.TryStart(mount, new MountCommands(_volume!, facts, GrowDevice, _seams).Table, _seams);
    }

    private long GrowDevice(long lengthBytes)
    {
        try
        {
            _device!.GrowTo(lengthBytes);
        }
        catch (DeviceException refused)
        {
            throw new CommandException(ExitCodes.FromErrno(refused.ErrorNumber), refused.Message);
        }
        return _device.LengthBytes;
    }

    /// <summary>A busy mount is first written out as far as the kernel holds anything, then taken away from its users.</summary>
    private void Unmount(string signal)
    {
        ServiceManager.Stopping();
        int errno = _server!.Stop(FuseStop.IfUnused);
        if (errno == 0)
        {
            _log.Write(LogSeverity.Info, $"unmounted on {signal}");
            return;
        }
        _log.Write(LogSeverity.Warning, $"{_arguments.Directory} is in use (errno {errno}); unmounting it nevertheless on {signal}");
        int root = HostLibC.Open(_arguments.Directory, HostLibC.OpenReadOnly | HostLibC.OpenCloseOnExec, 0);
        if (root >= 0)
        {
            HostLibC.SyncFilesystem(root);
            HostLibC.Close(root);
        }
        errno = _server.Stop(FuseStop.Abort);
        if (errno != 0)
        {
            _log.Write(LogSeverity.Error, $"cannot unmount {_arguments.Directory}: errno {errno}");
        }
    }

    private async Task<int> CloseAsync()
    {
        int result = await _filesystem!.CloseAsync().ConfigureAwait(false);
        if (result >= 0 && _model is not null)
        {
            result = await _model.SettleAsync().ConfigureAwait(false);
        }
        if (result < 0)
        {
            _log.Write(LogSeverity.Error, $"closing the volume failed with errno {-result}; the next mount replays the log");
            return ExitCodes.IoError;
        }

        // The data path is not to allocate: this shows at a glance whether it did.
        _log.Write(LogSeverity.Info, $"closed {_arguments.Device}; {SizeText.Format(GC.GetTotalAllocatedBytes())} allocated and {GC.CollectionCount(0)} collections since the start");
        return ExitCodes.Success;
    }
}
