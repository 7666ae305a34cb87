using System.Globalization;
using System.Text;
using System.Text.Json;
using Txlfs.Fsd.Control;
using Txlfs.Fsd.Host;
using Txlfs.Lfs.Verify;

namespace Txlfs.Cli.Fsck;

/// <summary>fsck of a mounted volume: its daemon checks a checkpoint of this moment, read-only, beside its work. Ended by ending this program. Exit codes are fsck(8)'s.</summary>
internal static class OnlineFsck
{
    /// <summary>The mount of this device, or at this directory; null when there is none.</summary>
    public static MountEntry? MountOf(string path)
        => FileKinds.Of(path) == FileKind.Directory
            ? MountTable.At(path) is { } here && MountTable.IsTxlfs(here) ? here : throw new CommandException(ExitCodes.NotFound, $"no txlfs volume is mounted on {path}")
            : MountTable.Read().LastOrDefault(entry => MountTable.IsTxlfs(entry) && entry.Source == path);

    public static async Task<int> RunAsync(MountEntry mount, FsckRequest request)
    {
        if (request.Repair is RepairMode.Preen or RepairMode.All || request.Rebuilds)
        {
            throw new CommandException(ExitCodes.Busy, $"{mount.Source} is mounted on {mount.MountPoint}: it can be checked so (-n), and mended when it is unmounted");
        }
        using ControlClient client = ControlClient.TryConnect(mount)
            ?? throw new CommandException(ExitCodes.Busy, $"{mount.Source} is mounted on {mount.MountPoint}, and its daemon does not answer");
        List<JsonElement> findings = [];
        JsonElement result;
        using (FsckProgress progress = FsckProgress.For(request with { Device = mount.Source }))
        {
            var relay = new ProgressRelay(progress);
            result = await client.CallAsync("check", json => json.WriteBoolean("data", request.ChecksData), said =>
            {
                if (said.GetProperty("event").GetString() == "finding")
                {
                    findings.Add(said.Clone());
                }
                else
                {
                    relay.Show(said);
                }
            }).ConfigureAwait(false);
        }
        long errors = result.GetProperty("errors").GetInt64();
        int exitCode = errors == 0 ? ExitCodes.Fsck.Clean : ExitCodes.Fsck.ErrorsLeft;
        if (request.IsJson)
        {
            WriteJson(mount, findings, result, exitCode);
        }
        else
        {
            WriteText(mount, findings, result, errors);
        }
        return exitCode;
    }

    private static void WriteText(MountEntry mount, List<JsonElement> findings, JsonElement result, long errors)
    {
        foreach (JsonElement finding in findings)
        {
            Console.Out.WriteLine($"{mount.Source}: {finding.GetProperty("text").GetString()}");
        }
        string verdict = errors == 0 ? "clean" : string.Create(CultureInfo.InvariantCulture, $"{errors} errors found; nothing was changed: unmount the volume to mend it");
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{mount.Source}: checked as of commit {result.GetProperty("csn").GetUInt64()}, mounted on {mount.MountPoint}: {verdict}"));
    }

    private static void WriteJson(MountEntry mount, List<JsonElement> findings, JsonElement result, int exitCode)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("device", mount.Source);
            json.WriteString("mountPoint", mount.MountPoint);
            json.WriteNumber("exitCode", exitCode);
            json.WriteNumber("csn", result.GetProperty("csn").GetUInt64());
            json.WriteNumber("errorsFound", result.GetProperty("errors").GetInt64());
            json.WriteStartArray("found");
            foreach (JsonElement finding in findings)
            {
                json.WriteStartObject();
                foreach (JsonProperty property in finding.EnumerateObject().Where(property => property.Name != "event"))
                {
                    property.WriteTo(json);
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        Console.Out.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
    }

    /// <summary>The daemon tells how far it is in all; the bar wants how much further.</summary>
    private sealed class ProgressRelay(FsckProgress progress)
    {
        private string _pass = "";
        private long _done;

        public void Show(JsonElement said)
        {
            string pass = said.GetProperty("what").GetString()!;
            if (pass != _pass && Enum.TryParse(pass, out CheckPass known))
            {
                progress.Begin(known, said.GetProperty("total").GetInt64());
                (_pass, _done) = (pass, 0);
            }
            long done = said.GetProperty("done").GetInt64();
            progress.Advance(done - _done);
            _done = done;
        }
    }
}
