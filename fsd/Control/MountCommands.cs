using System.Text.Json;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs;
using Txlfs.Lfs.Inspect;

namespace Txlfs.Fsd.Control;

/// <summary>What a mount's daemon can be asked: each command is one method here.</summary>
internal sealed class MountCommands(Volume volume, MountFacts facts, Seams seams)
{
    private readonly long _startNs = seams.Clock.MonotonicNs;

    public IReadOnlyDictionary<string, ControlHandler> Table => new Dictionary<string, ControlHandler>(StringComparer.Ordinal)
    {
        ["ping"] = PingAsync,
        ["info"] = InfoAsync,
        ["sync"] = SyncAsync,
        ["checkpoint"] = CheckpointAsync,
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
        json.WriteString("uuid", volume.VolumeId);
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

    private ValueTask DoneAsync(ControlExchange exchange, int result, string what)
        => result == 0
            ? exchange.ResultAsync(json => json.WriteNumber("csn", volume.Csn))
            : throw new CommandException(ExitCodes.FromErrno(-result), $"the {what} failed with errno {-result}; the log of the daemon says more");
}

/// <summary>What the daemon knows of its mount and does not change while it lives.</summary>
internal sealed record MountFacts(string Version, string Device, string Directory, string Transport, string Io, MemoryPlan Memory, long TransportBytes);
