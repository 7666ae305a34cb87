using System.Globalization;
using Txlfs.Journal.Device.Card;
using Txlfs.Journal.Device.Recording;

namespace Txlfs.Fsd.Host;

/// <summary>
/// <c>sdcard:seed=7:cache=1M:latency=on:lie=flush:die-after=100</c> or <c>recorder:log=FILE:ack=FILE:limit=1G</c>. Colons, because commas
/// separate mount options; <c>fsd --device-model</c> also takes commas.
/// </summary>
public sealed record DeviceModelSettings
{
    private const string CardExpected = "sdcard with seed=N, cache=SIZE (64K to 8M), latency=on|off, lie=flush|none, die-after=N";
    private const string RecorderExpected = "recorder with log=FILE, ack=FILE, limit=SIZE, all as absolute paths";

    public CardOptions? Card { get; init; }

    /// <summary>Null: one is chosen when the card is attached.</summary>
    public ulong? Seed { get; init; }
    public RecordingOptions? Recording { get; init; }

    public static DeviceModelSettings Parse(string text)
    {
        string[] parts = text.Split([':', ','], StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            ["sdcard", .. var options] => ParseCard(text, options),
            ["recorder", .. var options] => ParseRecorder(text, options),
            _ => throw Wrong(text, $"{CardExpected}; or {RecorderExpected}"),
        };
    }

    private static DeviceModelSettings ParseCard(string text, string[] options)
    {
        CardOptions card = new() { Seed = 0 };
        ulong? seed = null;
        foreach (string option in options)
        {
            (string name, string value) = Split(option);
            switch (name, value)
            {
                case ("seed", _) when ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number):
                    seed = number;
                    break;
                case ("cache", _) when SizeText.TryParse(value, out long bytes) && bytes is >= CardOptions.LeastCacheBytes and <= CardOptions.MostCacheBytes:
                    card = card with { CacheBytes = bytes };
                    break;
                case ("latency", "on" or "off"):
                    card = card with { HasLatency = value == "on" };
                    break;
                case ("lie", "flush" or "none"):
                    card = card with { FlushesLie = value == "flush" };
                    break;
                case ("die-after", _) when long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long count) && count > 0:
                    card = card with { DieAfter = count };
                    break;
                default:
                    throw Wrong(text, CardExpected);
            }
        }
        return new DeviceModelSettings { Card = card, Seed = seed };
    }

    private static DeviceModelSettings ParseRecorder(string text, string[] options)
    {
        RecordingOptions recording = new() { LogPath = "", AckPath = "" };
        foreach (string option in options)
        {
            (string name, string value) = Split(option);
            recording = name switch
            {
                "log" when Path.IsPathRooted(value) => recording with { LogPath = value },
                "ack" when Path.IsPathRooted(value) => recording with { AckPath = value },
                "limit" when SizeText.TryParse(value, out long bytes) && bytes > 0 => recording with { LimitBytes = bytes },
                _ => throw Wrong(text, RecorderExpected),
            };
        }
        return recording.LogPath.Length > 0 && recording.AckPath.Length > 0
            ? new DeviceModelSettings { Recording = recording }
            : throw Wrong(text, RecorderExpected);
    }

    private static (string Name, string Value) Split(string option)
    {
        int equals = option.IndexOf('=');
        return equals < 0 ? (option, "") : (option[..equals], option[(equals + 1)..]);
    }

    private static CommandException Wrong(string text, string expected) => new(ExitCodes.Usage, $"device-model={text}: expected {expected}");
}
