using System.Globalization;

namespace Txlfs.Fsd.Host;

/// <summary>The command line of <c>fsd</c>.</summary>
public sealed record DaemonArguments
{
    public const string UsageLine = "usage: fsd DEVICE DIRECTORY [-o OPTIONS] [--device-model MODEL] [--foreground]";

    public required string Device { get; init; }
    public required string Directory { get; init; }
    public IReadOnlyList<string> Options { get; init; } = [];
    public bool IsForeground { get; init; }

    /// <summary>Where a launcher waits for the word that the mount is live; negative when there is none.</summary>
    public int StatusDescriptor { get; init; } = -1;

    public static DaemonArguments Parse(IReadOnlyList<string> arguments)
    {
        List<string> positional = [], options = [];
        bool isForeground = false;
        int status = -1;
        for (int i = 0; i < arguments.Count; i++)
        {
            switch (arguments[i])
            {
                case "--foreground" or "-f": isForeground = true; break;
                case "-o" or "--options": options.Add(Value(arguments, ref i)); break;
                case "--device-model": options.Add("device-model=" + Value(arguments, ref i).Replace(',', ':')); break;
                case "--status-fd":
                    if (!int.TryParse(Value(arguments, ref i), NumberStyles.None, CultureInfo.InvariantCulture, out status))
                    {
                        throw new CommandException(ExitCodes.Usage, "--status-fd: expected the number of a descriptor");
                    }
                    break;
                case ['-', 'o', .. var attached] when attached.Length > 0: options.Add(attached); break;
                case ['-', _, ..] unknown: throw new CommandException(ExitCodes.Usage, $"unknown option {unknown}; {UsageLine}");
                default: positional.Add(arguments[i]); break;
            }
        }
        return positional.Count == 2
            ? new DaemonArguments { Device = positional[0], Directory = positional[1], Options = options, IsForeground = isForeground, StatusDescriptor = status }
            : throw new CommandException(ExitCodes.Usage, UsageLine);
    }

    public IReadOnlyList<string> ToCommandLine(string program)
    {
        List<string> line = [program, Device, Directory];
        foreach (string option in Options)
        {
            line.AddRange(["-o", option]);
        }
        if (IsForeground)
        {
            line.Add("--foreground");
        }
        if (StatusDescriptor >= 0)
        {
            line.AddRange(["--status-fd", StatusDescriptor.ToString(CultureInfo.InvariantCulture)]);
        }
        return line;
    }

    private static string Value(IReadOnlyList<string> arguments, ref int index)
        => ++index < arguments.Count ? arguments[index] : throw new CommandException(ExitCodes.Usage, $"{arguments[index - 1]}: a value is missing");
}
