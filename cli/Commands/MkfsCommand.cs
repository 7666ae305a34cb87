using System.CommandLine;
using System.CommandLine.Parsing;
using Txlfs.Cli.Signatures;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Cli.Commands;

/// <summary><c>txlfs mkfs</c> and <c>mkfs.txlfs</c>: formats a device or an image file, unless that would destroy something.</summary>
internal static class MkfsCommand
{
    private static readonly Argument<string> s_target = new("DEVICE") { Description = "block device or image file" };
    private static readonly Option<string> s_label = new("--label", "-L") { Description = "name of the volume", HelpName = "LABEL", DefaultValueFactory = _ => "" };
    private static readonly Option<string?> s_uuid = new("--uuid", "-U") { Description = "identity of the volume (default: a new one)", HelpName = "UUID" };
    private static readonly Option<long?> s_size = SizeOption("--size", "-s", "make the image file, of this size, when it is not there");
    private static readonly Option<long?> s_segment = SizeOption("--segment-size", "-g", "size of a log segment, a power of two (default 4M)");
    private static readonly Option<string> s_compression = ChoiceOption("--compression", "codec of data and metadata", "lz4", "lz4", "zstd", "snappy", "brotli", "none");
    private static readonly Option<string> s_checksum = ChoiceOption("--checksum", "checksum of everything", "crc32c", "crc32c", "xxh3", "sha256");
    private static readonly Option<bool> s_force = new("--force", "-f", "-F") { Description = "format even over another filesystem" };
    private static readonly Option<bool> s_quiet = new("--quiet", "-q") { Description = "say nothing but errors" };

    public static Command Build(string name) => Fill(new Command(name, "format a device or an image file"));

    public static int RunAsFace(string[] arguments)
    {
        if (arguments is ["--version"] or ["-V"])
        {
            Console.Out.WriteLine($"mkfs.txlfs {Program.Version}");
            return ExitCodes.Success;
        }
        return CommandTree.Run(Fill(new RootCommand("mkfs.txlfs: formats a device or an image file as txlfs")), arguments, "mkfs.txlfs --help");
    }

    private static Command Fill(Command command)
    {
        command.Add(s_target);
        foreach (Option option in (Option[])[s_label, s_uuid, s_size, s_segment, s_compression, s_checksum, s_force, s_quiet])
        {
            command.Add(option);
        }
        command.SetAction((parsed, _) => RunAsync(parsed));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed)
    {
        string target = Path.GetFullPath(parsed.GetRequiredValue(s_target));
        bool isForced = parsed.GetValue(s_force);
        FormatOptions options = OptionsOf(parsed);
        bool isNew = FormatTarget.Prepare(target, parsed.GetValue(s_size));
        try
        {
            FormatTarget.RefuseMounted(target);
            using IBlockDevice device = DeviceOptions.OpenForTool(target, isReadOnly: false);
            if (!isNew && !isForced)
            {
                FormatTarget.RefuseForeign(target);
            }
            if (!isNew)
            {
                await FormatTarget.WipeAsync(device).ConfigureAwait(false);
            }
            await Volume.FormatAsync(device, options, SystemTools.Seams()).ConfigureAwait(false);
        }
        catch when (isNew)
        {
            FormatTarget.Remove(target);
            throw;
        }
        if (!parsed.GetValue(s_quiet))
        {
            string label = options.Label.Length > 0 ? $" '{options.Label}'" : "";
            Console.Out.WriteLine($"txlfs volume{label} {options.Uuid} on {target}");
        }
        return ExitCodes.Success;
    }

    private static FormatOptions OptionsOf(ParseResult parsed)
    {
        Guid uuid = SystemTools.NewUuid();
        if (parsed.GetValue(s_uuid) is { } text && !Guid.TryParse(text, out uuid))
        {
            throw new CommandException(ExitCodes.Usage, $"--uuid {text}: not a UUID");
        }
        long segmentBytes = parsed.GetValue(s_segment) ?? Limits.DefaultSegmentBytes;
        if (segmentBytes is < Limits.MinSegmentBytes or > Limits.MaxSegmentBytes || !long.IsPow2(segmentBytes))
        {
            throw new CommandException(ExitCodes.Usage,
                $"--segment-size: expected a power of two from {SizeText.Format(Limits.MinSegmentBytes)} to {SizeText.Format(Limits.MaxSegmentBytes)}");
        }
        CodecKind codec = CodecNames.Codec(parsed.GetValue(s_compression)!);
        ChecksumKind checksum = CodecNames.Checksum(parsed.GetValue(s_checksum)!);
        if (!Codec.IsAvailable(codec, out string reason) || !Checksum.IsAvailable(checksum, out reason))
        {
            throw new CommandException(ExitCodes.System, reason);
        }
        return new FormatOptions
        {
            Label = parsed.GetValue(s_label)!,
            Uuid = uuid,
            SegmentBytes = (int)segmentBytes,
            Compression = codec,
            Checksum = checksum,
            RootUid = HostLibC.UserId(),
            RootGid = HostLibC.GroupId(),
        };
    }

    private static Option<long?> SizeOption(string name, string alias, string description) => new(name, alias)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = result =>
        {
            if (SizeText.TryParse(result.Tokens[0].Value, out long bytes))
            {
                return bytes;
            }
            result.AddError($"{name} {result.Tokens[0].Value}: expected a size such as 512M or 64G");
            return null;
        },
    };

    private static Option<string> ChoiceOption(string name, string description, string standard, params string[] choices)
    {
        Option<string> option = new(name) { Description = $"{description} (default {standard})", HelpName = string.Join('|', choices), DefaultValueFactory = _ => standard };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !choices.Contains(token.Value))
            {
                result.AddError($"{name} {token.Value}: expected one of {string.Join(", ", choices)}");
            }
        });
        return option;
    }
}
