#pragma warning disable RS0030 // The witness is a text file beside the device under test.
using System.CommandLine;
using System.Globalization;
using Txlfs.Cli.Signatures;
using Txlfs.Cli.Torture;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;

namespace Txlfs.Cli.Commands;

/// <summary><c>txlfs torture</c>: writes to a card until somebody pulls the plug, and says afterwards whether the card kept its word.</summary>
internal static class TortureCommand
{
    private const long DefaultBytes = 1L << 30;
    private const long NsPerMinute = 60_000_000_000;

    private static readonly Argument<string> s_target = new("DEVICE") { Description = "block device or image file; what is on it is destroyed" };
    private static readonly Option<long?> s_size = new("--size", "-s") { Description = "how much of it to use, 16M to 4G (default 1G, or all); makes the image file when it is not there", HelpName = "SIZE", CustomParser = ParseSize };
    private static readonly Option<double> s_minutes = new("--minutes") { Description = "write for so long (default 60)", HelpName = "N", DefaultValueFactory = _ => 60 };
    private static readonly Option<ulong?> s_seed = new("--seed") { Description = "decides what is written where (default: random)", HelpName = "S" };
    private static readonly Option<bool> s_check = new("--check") { Description = "only look at what the last power cut left" };
    private static readonly Option<string?> s_witness = new("--witness") { Description = "with --check a file of such lines; otherwise where to write one for each acknowledged epoch, - is standard output", HelpName = "FILE" };
    private static readonly Option<bool> s_json = new("--json") { Description = "print JSON" };
    private static readonly Option<bool> s_force = new("--force", "-f") { Description = "begin anew, whatever is on the device" };

    public static Command Build()
    {
        Command command = new("torture", "find out whether a card keeps what it acknowledged when the power goes (destroys its content)")
        {
            s_target, s_size, s_minutes, s_seed, s_check, s_witness, s_json, s_force,
        };
        command.SetAction((parsed, _) => RunAsync(parsed));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed)
    {
        string target = Path.GetFullPath(parsed.GetRequiredValue(s_target));
        bool isCheck = parsed.GetValue(s_check);
        bool isForced = parsed.GetValue(s_force);
        double minutes = parsed.GetValue(s_minutes);
        if (isCheck && isForced)
        {
            throw new CommandException(ExitCodes.Usage, "--check looks at what is there, --force begins anew: not both");
        }
        if (!double.IsFinite(minutes) || minutes < 0 || minutes > int.MaxValue)
        {
            throw new CommandException(ExitCodes.Usage, "--minutes: expected a number of minutes, 0 or more");
        }
        if (FileKinds.Of(target) != FileKind.BlockDevice)
        {
            FormatTarget.Prepare(target, FileKinds.Of(target) == FileKind.Absent && !isCheck ? parsed.GetValue(s_size) : null);
        }
        FormatTarget.RefuseMounted(target);
        using IBlockDevice device = DeviceOptions.OpenForTool(target, isReadOnly: false);
        Seams seams = SystemTools.Seams();
        using TortureCard card = (isForced ? null : await TortureCard.OpenAsync(device).ConfigureAwait(false))
            ?? (isCheck ? throw new CommandException(ExitCodes.BadVolume, $"{target} was never tortured: there is nothing to check")
                : await CreateAsync(device, target, parsed, seams).ConfigureAwait(false));
        await CheckAsync(card, isCheck ? parsed.GetValue(s_witness) : null).ConfigureAwait(false);
        if (!isCheck)
        {
            // Now, and not only at the end: by then the plug may be out again.
            if (card.Header.Counts != default)
            {
                await Console.Error.WriteLineAsync(TortureReport.Text(target, card.Header)).ConfigureAwait(false);
            }
            await WriteAsync(card, parsed, minutes, seams.Clock).ConfigureAwait(false);
        }
        TextWriter output = !isCheck && parsed.GetValue(s_witness) == "-" ? Console.Error : Console.Out;
        await output.WriteLineAsync(parsed.GetValue(s_json) ? TortureReport.Json(target, card.Header) : TortureReport.Text(target, card.Header)).ConfigureAwait(false);
        return TortureVerdict.Of(card.Header.Counts).ExitCode;
    }

    private static async ValueTask<TortureCard> CreateAsync(IBlockDevice device, string target, ParseResult parsed, Seams seams)
    {
        if (!parsed.GetValue(s_force) && SignatureProber.Probe(target) is { } found)
        {
            throw new CommandException(ExitCodes.Refused, $"{target} holds {found}, which would be destroyed; --force does it nevertheless");
        }
        long bytes = Math.Min(parsed.GetValue(s_size) ?? DefaultBytes, device.LengthBytes);
        if (bytes < TortureLayout.LeastBytes)
        {
            throw new CommandException(ExitCodes.Usage, $"{target}: at least {SizeText.Format(TortureLayout.LeastBytes)} are needed");
        }
        await FormatTarget.WipeAsync(device).ConfigureAwait(false);
        return await TortureCard.CreateAsync(device, TortureLayout.ForBytes(bytes), parsed.GetValue(s_seed) ?? seams.Random.NextUInt64()).ConfigureAwait(false);
    }

    private static async ValueTask CheckAsync(TortureCard card, string? witness)
    {
        (uint, uint) told = default;
        if (witness is not null)
        {
            using TextReader lines = witness == "-" ? Console.In : File.OpenText(witness);
            told = Witness.Last(Lines(lines), card.Header.RunId);
        }
        using var check = new TortureCheck(card, told);
        await check.RunAsync().ConfigureAwait(false);
    }

    private static IEnumerable<string> Lines(TextReader reader)
    {
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private static async ValueTask WriteAsync(TortureCard card, ParseResult parsed, double minutes, IClock clock)
    {
        using TextWriter? witness = parsed.GetValue(s_witness) switch { null => null, "-" => Console.Out, var path => SystemFiles.OpenLog(path) };
        using var stop = new StopSignals(isForeground: true);
        using var writer = new TortureWriter(card, line => witness?.WriteLine(line));
        long endNs = clock.MonotonicNs + (long)Math.Min(minutes * NsPerMinute, long.MaxValue / 2);
        await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"writing for {minutes:0.#} minutes: pull the plug whenever you like, and run the same command again (or with --check)")).ConfigureAwait(false);
        await writer.RunAsync(() => clock.MonotonicNs < endNs && !stop.Asked.IsCompleted).ConfigureAwait(false);
    }

    private static long? ParseSize(System.CommandLine.Parsing.ArgumentResult result)
    {
        if (SizeText.TryParse(result.Tokens[0].Value, out long bytes) && bytes is >= TortureLayout.LeastBytes and <= TortureLayout.MostBytes)
        {
            return bytes;
        }
        result.AddError($"--size {result.Tokens[0].Value}: expected a size from 16M to 4G");
        return null;
    }
}
