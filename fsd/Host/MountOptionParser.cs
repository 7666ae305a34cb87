using System.Globalization;
using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Operations;
using Txlfs.Journal.Device.Files;

namespace Txlfs.Fsd.Host;

/// <summary>Parses <c>-o a,b=c</c>. Later options win. Unknown ones are refused by name: a misspelt option silently dropped is a trap.</summary>
public static class MountOptionParser
{
    private const long LeastMemoryBytes = MemoryPlan.LeastTotalBytes;

    private static readonly string[] s_kernelOptions =
        ["suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync", "diratime", "nodiratime", "nosymfollow"];

    /// <summary>Meant for mount(8) or for whoever reads fstab, not for the filesystem.</summary>
    private static readonly string[] s_ignored =
        ["defaults", "auto", "noauto", "nofail", "fail", "user", "nouser", "users", "nousers", "owner", "noowner", "group", "nogroup", "_netdev", "loop",
         "silent", "loud", "iversion", "noiversion", "mand", "nomand", "lazytime", "nolazytime", "default_permissions"];

    private static readonly string[] s_ignoredPrefixes = ["x-", "X-", "comment=", "uhelper=", "helper=", "subtype=", "fsname=", "context=", "loop=",
        "user_id=", "group_id=", "blksize="]; // the last three: what mount(8) reads back from the mount table for a remount

    public static MountSettings Parse(IEnumerable<string> lists)
    {
        MountSettings settings = new();
        List<string> kernel = [];
        foreach (string option in lists.SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            if (s_ignored.Contains(option) || s_ignoredPrefixes.Any(prefix => option.StartsWith(prefix, StringComparison.Ordinal)))
            {
                continue;
            }
            if (s_kernelOptions.Contains(option))
            {
                kernel.Add(option);
                continue;
            }
            settings = Apply(settings, option);
        }
        return settings with { KernelOptions = kernel };
    }

    private static MountSettings Apply(MountSettings settings, string option)
    {
        int equals = option.IndexOf('=');
        return equals < 0 ? ApplyFlag(settings, option) : ApplyValue(settings, option[..equals], option[(equals + 1)..]);
    }

    private static MountSettings ApplyFlag(MountSettings settings, string option) => option switch
    {
        "ro" => settings with { IsReadOnly = true },
        "rw" => settings with { IsReadOnly = false },
        "remount" => settings with { IsRemount = true },
        "strict" => settings with { IsStrict = true },
        "nostrict" => settings with { IsStrict = false },
        "noatime" => settings with { Atime = AtimePolicy.Never },
        "atime" or "relatime" => settings with { Atime = AtimePolicy.Relative },
        "norelatime" or "strictatime" => settings with { Atime = AtimePolicy.Strict },
        "nostrictatime" => settings with { Atime = AtimePolicy.Relative },
        "discard" => settings with { Discard = true },
        "nodiscard" => settings with { Discard = false },
        "allow_other" => settings with { AllowOther = true },
        "noallow_other" => settings with { AllowOther = false },
        _ => throw Unknown(option),
    };

    private static MountSettings ApplyValue(MountSettings settings, string name, string value) => name switch
    {
        "transport" => settings with { Transport = Choice(name, value, ("auto", FuseTransportKind.Auto), ("uring", FuseTransportKind.Uring), ("dev", FuseTransportKind.Dev)) },
        "engine" => settings with { Engine = Choice(name, value, ("auto", IoEngineKind.Auto), ("uring", IoEngineKind.Uring), ("threads", IoEngineKind.Threads)) },
        "memory" => settings with { MemoryBytes = Size(name, value, LeastMemoryBytes, long.MaxValue) },
        "checkpoint" => settings with { CheckpointLogBytes = Mebibytes(name, value, 1, 1 << 20) },
        "commit" => settings with { CommitIntervalMs = Number(name, value, 1, 600_000) },
        "device-model" => settings with { DeviceModel = DeviceModelSettings.Parse(value) },
        "log" => settings with { LogFile = Path.IsPathRooted(value) ? value : throw Wrong(name, value, "an absolute path") },
        _ => throw Unknown(name),
    };

    private static T Choice<T>(string name, string value, params (string Text, T Value)[] choices)
    {
        foreach ((string text, T choice) in choices)
        {
            if (text == value)
            {
                return choice;
            }
        }
        throw Wrong(name, value, string.Join(", ", choices.Select(choice => choice.Text)));
    }

    private static long Size(string name, string value, long least, long most)
        => SizeText.TryParse(value, out long bytes) && bytes >= least && bytes <= most
            ? bytes
            : throw Wrong(name, value, $"a size of at least {SizeText.Format(least)}, such as 256M");

    /// <summary>A bare number counts mebibytes; with a unit it is what it says.</summary>
    private static long Mebibytes(string name, string value, long least, long most)
    {
        string text = value.Length > 0 && char.IsAsciiDigit(value[^1]) ? value + "M" : value;
        return SizeText.TryParse(text, out long bytes) && bytes >= least << 20 && bytes <= most << 20
            ? bytes
            : throw Wrong(name, value, $"mebibytes from {least} to {most}");
    }

    private static int Number(string name, string value, int least, int most)
        => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw Wrong(name, value, $"milliseconds from {least} to {most}");

    private static CommandException Unknown(string option) => new(ExitCodes.Usage, $"unknown mount option '{option}'");

    private static CommandException Wrong(string name, string value, string expected)
        => new(ExitCodes.Usage, $"mount option {name}={value}: expected {expected}");
}
