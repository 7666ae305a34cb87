using System.Text.Json;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs;
using Txlfs.Lfs.Inspect;

namespace Txlfs.Fsd.Control;

/// <summary>What a mount's daemon can be asked: each command is one method here.</summary>
/// <param name="growDevice">Lets an image grow to so many bytes and takes in how long the device is now; that length.</param>
internal sealed class MountCommands(Volume volume, MountFacts facts, Func<long, long> growDevice, Seams seams)
{
    private readonly long _startNs = seams.Clock.MonotonicNs;

    public IReadOnlyDictionary<string, ControlHandler> Table => new Dictionary<string, ControlHandler>(StringComparer.Ordinal)
    {
        ["ping"] = PingAsync,
        ["info"] = InfoAsync,
        ["sync"] = SyncAsync,
        ["checkpoint"] = CheckpointAsync,
        ["check"] = exchange => new CheckCommand(volume).RunAsync(exchange),
        ["resize"] = ResizeAsync,
        ["tune"] = TuneAsync,
    };

    private ValueTask PingAsync(ControlExchange exchange) => exchange.ResultAsync(json =>
    {
        json.WriteNumber("protocol", ControlProtocol.Version);
        json.WriteString("version", facts.Version);
        json.WriteNumber("pid", Environment.ProcessId);
    });

    private ValueTask InfoAsync(ControlExchange exchange) => exchange.ResultAsync(json =>
    {
        json.WriteString("version", facts.Version);
        json.WriteNumber("pid", Environment.ProcessId);
        json.WriteNumber("uptimeMs", (seams.Clock.MonotonicNs - _startNs) / 1_000_000);
        json.WriteString("device", facts.Device);
        json.WriteString("mountPoint", facts.Directory);
        json.WriteString("uuid", volume.Uuid);
        json.WriteString("label", volume.Label);
        json.WriteBoolean("isReadOnly", volume.IsReadOnly);
        json.WriteString("transport", facts.Transport);
        json.WriteString("io", facts.Io);
        json.WriteStartObject("memory");
        WriteMemory(json);
        json.WriteEndObject();
        foreach (IGrouping<string, VolumeMetric> group in volume.Metrics().GroupBy(metric => metric.Group))
        {
            json.WriteStartObject(group.Key);
            foreach (VolumeMetric metric in group)
            {
                json.WriteNumber(metric.Name, metric.Value);
            }
            json.WriteEndObject();
        }
    });

    private void WriteMemory(Utf8JsonWriter json)
    {
        (long residentBytes, long peakBytes) = SystemFiles.OwnMemoryBytes();
        json.WriteNumber("ceilingBytes", facts.Memory.TotalBytes);
        json.WriteNumber("residentBytes", residentBytes);
        json.WriteNumber("peakBytes", peakBytes);
        json.WriteNumber("volumeBytes", facts.Memory.VolumeBytes);
        json.WriteNumber("heapLimitBytes", facts.Memory.HeapBytes);
        json.WriteNumber("heapBytes", GC.GetTotalMemory(forceFullCollection: false));
        json.WriteNumber("transportBytes", facts.TransportBytes);
        json.WriteNumber("collections", GC.CollectionCount(0));
    }

    private async ValueTask SyncAsync(ControlExchange exchange)
        => await DoneAsync(exchange, await volume.SyncAsync().ConfigureAwait(false), "sync").ConfigureAwait(false);

    private async ValueTask CheckpointAsync(ControlExchange exchange)
        => await DoneAsync(exchange, await volume.CheckpointAsync().ConfigureAwait(false), "checkpoint").ConfigureAwait(false);

    /// <summary>To "bytes", or to all that the device has; an image file is made longer first.</summary>
    private async ValueTask ResizeAsync(ControlExchange exchange)
    {
        long before = volume.DeviceBytes;
        long wanted = exchange.Number("bytes") ?? 0;
        long deviceBytes = growDevice(wanted);
        await volume.ResizeAsync(wanted == 0 ? deviceBytes : wanted).ConfigureAwait(false);
        seams.Log.Write(LogSeverity.Info, $"resized from {before} to {volume.DeviceBytes} bytes");
        await exchange.ResultAsync(json =>
        {
            json.WriteNumber("before", before);
            json.WriteNumber("after", volume.DeviceBytes);
        }).ConfigureAwait(false);
    }

    private async ValueTask TuneAsync(ControlExchange exchange)
    {
        string? uuid = exchange.Text("uuid");
        await volume.TuneAsync(new TuneOptions
        {
            Label = exchange.Text("label"),
            Uuid = uuid is null ? null : Guid.TryParse(uuid, out Guid parsed) ? parsed : throw new CommandException(ExitCodes.Usage, $"{uuid} is not a UUID"),
            Compression = exchange.Number("compression") is { } codec ? (CodecKind)codec : null,
        }).ConfigureAwait(false);
        await exchange.ResultAsync(json =>
        {
            json.WriteString("label", volume.Label);
            json.WriteString("uuid", volume.Uuid);
        }).ConfigureAwait(false);
    }

    private ValueTask DoneAsync(ControlExchange exchange, int result, string what)
        => result == 0
            ? exchange.ResultAsync(json => json.WriteNumber("csn", volume.Csn))
            : throw new CommandException(ExitCodes.FromErrno(-result), $"the {what} failed with errno {-result}; the log of the daemon says more");
}

/// <summary>What the daemon knows of its mount and does not change while it lives.</summary>
internal sealed record MountFacts(string Version, string Device, string Directory, string Transport, string Io, MemoryPlan Memory, long TransportBytes);
