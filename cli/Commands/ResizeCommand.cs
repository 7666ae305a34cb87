using System.CommandLine;
using System.Text.Json;
using Txlfs.Fsd.Control;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Device.Files;
using Txlfs.Lfs;

namespace Txlfs.Cli.Commands;

/// <summary><c>txlfs resize</c>: makes a volume larger, mounted (by its daemon) or not.</summary>
internal static class ResizeCommand
{
    public static Command Build()
    {
        Argument<string> target = new("DEVICE") { Description = "device, image file, or the directory where it is mounted" };
        Argument<long?> size = new("SIZE")
        {
            Description = "new size (default: all of the device); an image file is made longer when it is shorter",
            Arity = ArgumentArity.ZeroOrOne,
            CustomParser = result =>
            {
                if (SizeText.TryParse(result.Tokens[0].Value, out long bytes) && bytes > 0)
                {
                    return bytes;
                }
                result.AddError($"resize {result.Tokens[0].Value}: expected a size such as 512M or 64G");
                return null;
            },
        };
        Command command = new("resize", "make a volume larger") { target, size };
        command.SetAction((parsed, token) => RunAsync(parsed.GetRequiredValue(target), parsed.GetValue(size) ?? 0, token));
        return command;
    }

    private static async Task<int> RunAsync(string target, long wantedBytes, CancellationToken token)
    {
        (string path, MountEntry? mount) = VolumeTarget.Resolve(target);
        (long before, long after) = mount is null
            ? await OfflineAsync(path, wantedBytes).ConfigureAwait(false)
            : await OnlineAsync(target, wantedBytes, token).ConfigureAwait(false);
        Console.Out.WriteLine(before == after ? $"{path}: {SizeText.Format(after)} already" : $"{path}: {SizeText.Format(before)} before, {SizeText.Format(after)} now");
        return ExitCodes.Success;
    }

    private static async Task<(long Before, long After)> OnlineAsync(string target, long wantedBytes, CancellationToken token)
    {
        using ControlClient client = LiveMount.Connect(target);
        JsonElement done = await client.CallAsync("resize", json => json.WriteNumber("bytes", wantedBytes), token: token).ConfigureAwait(false);
        return (done.GetProperty("before").GetInt64(), done.GetProperty("after").GetInt64());
    }

    private static async Task<(long Before, long After)> OfflineAsync(string path, long wantedBytes)
    {
        using FileBlockDevice device = DeviceOptions.OpenForTool(path, isReadOnly: false);
        return await OfflineVolume.ChangeAsync(device, async volume =>
        {
            long before = volume.DeviceBytes;
            device.GrowTo(wantedBytes);
            await volume.ResizeAsync(wantedBytes == 0 ? device.LengthBytes : wantedBytes).ConfigureAwait(false);
            return (before, volume.DeviceBytes);
        }).ConfigureAwait(false);
    }
}
