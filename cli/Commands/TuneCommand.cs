using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Txlfs.Fsd.Control;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Cli.Commands;

/// <summary><c>txlfs tune</c>: changes label, UUID or codec of a volume, mounted (by its daemon) or not.</summary>
internal static class TuneCommand
{
    private static readonly Argument<string> s_target = new("DEVICE") { Description = "device, image file, or the directory where it is mounted" };
    private static readonly Option<string?> s_label = new("--label", "-L") { Description = "name of the volume ('' for none)", HelpName = "LABEL" };
    private static readonly Option<string?> s_uuid = new("--uuid", "-U") { Description = "identity of the volume", HelpName = "UUID|random" };
    private static readonly Option<string?> s_compression = new("--compression") { Description = "codec of what is written from now on", HelpName = "lz4|zstd|snappy|brotli|none" };

    public static Command Build()
    {
        Command command = new("tune", "change a volume's label, UUID or compression") { s_target, s_label, s_uuid, s_compression };
        command.SetAction((parsed, token) => RunAsync(parsed.GetRequiredValue(s_target), OptionsOf(parsed), token));
        return command;
    }

    private static TuneOptions OptionsOf(ParseResult parsed)
    {
        (string? label, string? uuid, string? codec) = (parsed.GetValue(s_label), parsed.GetValue(s_uuid), parsed.GetValue(s_compression));
        if (label is null && uuid is null && codec is null)
        {
            throw new CommandException(ExitCodes.Usage, "tune: nothing to change was named (--label, --uuid, --compression)");
        }
        if (codec is not (null or "lz4" or "zstd" or "snappy" or "brotli" or "none"))
        {
            throw new CommandException(ExitCodes.Usage, $"--compression {codec}: expected one of lz4, zstd, snappy, brotli, none");
        }
        return new TuneOptions
        {
            Label = label,
            Uuid = uuid is null ? null : uuid == "random" ? SystemTools.NewUuid() : Guid.TryParse(uuid, out Guid given) ? given
                : throw new CommandException(ExitCodes.Usage, $"--uuid {uuid}: not a UUID, and not 'random'"),
            Compression = codec is null ? null : CodecNames.Codec(codec),
        };
    }

    private static async Task<int> RunAsync(string target, TuneOptions options, CancellationToken token)
    {
        (string path, MountEntry? mount) = VolumeTarget.Resolve(target);
        (string label, Guid uuid) = mount is null
            ? await OfflineAsync(path, options).ConfigureAwait(false)
            : await OnlineAsync(target, options, token).ConfigureAwait(false);
        Console.Out.WriteLine($"txlfs volume{(label.Length > 0 ? $" '{label}'" : "")} {uuid} on {path}");
        return ExitCodes.Success;
    }

    private static async Task<(string Label, Guid Uuid)> OnlineAsync(string target, TuneOptions options, CancellationToken token)
    {
        using ControlClient client = LiveMount.Connect(target);
        JsonElement done = await client.CallAsync("tune", json =>
        {
            if (options.Label is not null)
            {
                json.WriteString("label", options.Label);
            }
            if (options.Uuid is { } uuid)
            {
                json.WriteString("uuid", uuid);
            }
            if (options.Compression is { } codec)
            {
                json.WriteNumber("compression", (int)codec);
            }
        }, token: token).ConfigureAwait(false);
        return (done.GetProperty("label").GetString()!, done.GetProperty("uuid").GetGuid());
    }

    private static async Task<(string Label, Guid Uuid)> OfflineAsync(string path, TuneOptions options)
    {
        using IBlockDevice device = DeviceOptions.OpenForTool(path, isReadOnly: false);
        return await OfflineVolume.ChangeAsync(device, async volume =>
        {
            await volume.TuneAsync(options).ConfigureAwait(false);
            return (volume.Label, volume.Uuid);
        }).ConfigureAwait(false);
    }
}
