using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Txlfs.Fsd.Control;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Inspect;

namespace Txlfs.Cli.Commands;

/// <summary><c>txlfs info</c>: what a volume is, mounted or not, as of its newest checkpoint.</summary>
internal static class InfoCommand
{
    public static Command Build()
    {
        Argument<string> target = new("DEVICE") { Description = "device, image file, or the directory where it is mounted" };
        Option<bool> json = new("--json") { Description = "print JSON" };
        Command command = new("info", "say what a volume is") { target, json };
        command.SetAction((parsed, _) => RunAsync(parsed.GetRequiredValue(target), parsed.GetValue(json)));
        return command;
    }

    private static async Task<int> RunAsync(string target, bool isJson)
    {
        (string path, MountEntry? mount) = VolumeTarget.Resolve(target);
        using IBlockDevice device = VolumeTarget.OpenForLooking(path, mount);
        VolumeInfo info = await VolumeInspector.ReadInfoAsync(device, SystemTools.Seams()).ConfigureAwait(false);
        JsonElement? live = await LiveAsync(mount).ConfigureAwait(false);
        if (isJson)
        {
            WriteJson(path, mount, info, live);
        }
        else
        {
            WriteText(path, mount, info, live);
        }
        return ExitCodes.Success;
    }

    /// <summary>What the daemon says, when there is one that answers and this user may ask it. What the device says needs nobody.</summary>
    private static async Task<JsonElement?> LiveAsync(MountEntry? mount)
    {
        try
        {
            using ControlClient? client = mount is null ? null : ControlClient.TryConnect(mount);
            return client is null ? null : await client.CallAsync("info").ConfigureAwait(false);
        }
        catch (CommandException refused)
        {
            Errors.Print("txlfs", $"no live figures: {refused.Message}");
            return null;
        }
    }

    private static void WriteText(string path, MountEntry? mount, VolumeInfo info, JsonElement? live)
    {
        Line("device", path);
        Line("mounted on", mount?.MountPoint ?? "-");
        Line("label", info.Label.Length > 0 ? info.Label : "-");
        Line("UUID", info.Uuid.ToString());
        Line("size", SizeText.Format(info.DeviceBytes));
        Line("segments", string.Create(CultureInfo.InvariantCulture, $"{info.SegmentCount} of {SizeText.Format(info.SegmentBytes)}, {info.FreeSegments} free"));
        Line("live data", SizeText.Format(info.LiveBytes));
        Line("inodes", info.InodeCount.ToString(CultureInfo.InvariantCulture));
        Line("compression", info.Compression.ToString().ToLowerInvariant());
        Line("checksum", info.Checksum.ToString().ToLowerInvariant());
        Line("made", Time(info.CreatedNs));
        Line("checkpoint", string.Create(CultureInfo.InvariantCulture, $"{info.CheckpointNumber} of {Time(info.CheckpointNs)}, commit {info.Csn}"));
        Line("state", State(mount, info));
        if (live is { } daemon)
        {
            LiveLines(daemon);
        }
    }

    private static void LiveLines(JsonElement daemon)
    {
        long Figure(string group, string name) => daemon.GetProperty(group).TryGetProperty(name, out JsonElement value) ? value.GetInt64() : 0;
        string Size(string group, string name) => SizeText.Format(Figure(group, name));
        Line("daemon", string.Create(CultureInfo.InvariantCulture, $"process {daemon.GetProperty("pid").GetInt32()}, version {daemon.GetProperty("version").GetString()}, "
            + $"up {TimeSpan.FromSeconds(daemon.GetProperty("uptimeMs").GetInt64() / 1000)}"));
        Line("transport", daemon.GetProperty("transport").GetString()!);
        Line("device I/O", daemon.GetProperty("io").GetString()!);
        Line("memory", $"{Size("memory", "residentBytes")} now, {Size("memory", "peakBytes")} at most, of {Size("memory", "ceilingBytes")}");
        Line("can be written", $"{Size("space", "availableBytes")} of {Size("space", "totalBytes")}");
        Line("index cache", string.Create(CultureInfo.InvariantCulture, $"{Figure("index", "cachePages")} pages, {Figure("index", "dirtyPages")} dirty, {Figure("index", "misses")} misses"));
        Line("log", string.Create(CultureInfo.InvariantCulture, $"commit {Figure("log", "csn")}, {Size("log", "bytes")} written since the mount"));
        Line("checkpoints", string.Create(CultureInfo.InvariantCulture, $"number {Figure("checkpoint", "number")}, one every {Size("checkpoint", "logBytesBetween")} of log"));
        Line("device", $"{Size("device", "readBytes")} read, {Size("device", "writeBytes")} written, {Figure("device", "flushes")} flushes since the mount");
    }

    private static void Line(string name, string value) => Console.Out.WriteLine($"{name + ":",-16}{value}");

    private static string State(MountEntry? mount, VolumeInfo info)
        => mount is not null ? "mounted" : info.IsClean ? "clean" : "not unmounted: the next mount replays the log";

    private static void WriteJson(string path, MountEntry? mount, VolumeInfo info, JsonElement? live)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("device", path);
            json.WriteString("mountPoint", mount?.MountPoint);
            json.WriteString("label", info.Label);
            json.WriteString("uuid", info.Uuid);
            json.WriteNumber("deviceBytes", info.DeviceBytes);
            json.WriteNumber("segmentBytes", info.SegmentBytes);
            json.WriteNumber("segments", info.SegmentCount);
            json.WriteNumber("freeSegments", info.FreeSegments);
            json.WriteNumber("liveBytes", info.LiveBytes);
            json.WriteNumber("inodes", info.InodeCount);
            json.WriteString("compression", info.Compression.ToString().ToLowerInvariant());
            json.WriteString("checksum", info.Checksum.ToString().ToLowerInvariant());
            json.WriteString("created", Time(info.CreatedNs));
            json.WriteNumber("checkpoint", info.CheckpointNumber);
            json.WriteString("checkpointTime", Time(info.CheckpointNs));
            json.WriteNumber("csn", info.Csn);
            json.WriteBoolean("isClean", info.IsClean);
            if (live is { } daemon)
            {
                json.WritePropertyName("live");
                daemon.WriteTo(json);
            }
            json.WriteEndObject();
        }
        Console.Out.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static string Time(long ns) => DateTimeOffset.FromUnixTimeMilliseconds(ns / 1_000_000).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
