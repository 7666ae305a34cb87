using System.Globalization;
using Txlfs.Cli.Fsck;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Faces;

/// <summary><c>fsck.txlfs</c>, as fsck(8) and people call it: flags may be joined, the device comes anywhere. Exit codes are fsck(8)'s.</summary>
internal static class FsckFace
{
    private const string UsageLine = "usage: fsck.txlfs [-n|-p|-a|-y] [-fvV] [-C FD] [--data] [--rebuild] [--json] [--memory SIZE] DEVICE";

    /// <summary>Those that fsck(8) may hand on and that mean nothing here are -r, -s, -T and -t.</summary>
    private const string KnownFlags = "apynfvrsTt";

    public static int Run(string[] arguments)
    {
        if (arguments is ["--version"] or ["-V"])
        {
            Console.Out.WriteLine($"fsck.txlfs {Program.Version}");
            return ExitCodes.Fsck.Clean;
        }
        if (arguments is ["-h"] or ["--help"])
        {
            Console.Out.WriteLine(UsageLine);
            return ExitCodes.Fsck.Clean;
        }
        return FsckRun.RunAsync(Parse(arguments)).GetAwaiter().GetResult();
    }

    internal static FsckRequest Parse(string[] arguments)
    {
        string flags = "";
        FsckRequest request = new() { Device = "" };
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            request = argument switch
            {
                "--data" => request with { ChecksData = true },
                "--rebuild" => request with { Rebuilds = true },
                "--json" => request with { IsJson = true },
                "--memory" => request with { MemoryBytes = Memory(ValueOf(arguments, ref i)) },
                "-C" => request with { ProgressDescriptor = Descriptor(ValueOf(arguments, ref i)) },
                ['-', 'C', .. var number] => request with { ProgressDescriptor = Descriptor(number) },
                ['-', ..] => request,
                _ when request.Device.Length == 0 => request with { Device = Path.GetFullPath(argument) },
                _ => throw Wrong("more than one device"),
            };
            if (argument is ['-', not 'C' and not '-', ..] or "-")
            {
                flags += argument.Length > 1 && !argument.AsSpan(1).ContainsAnyExcept(KnownFlags) ? argument[1..] : throw Wrong($"unknown option {argument}");
            }
            else if (argument is ['-', '-', ..] and not ("--data" or "--rebuild" or "--json" or "--memory"))
            {
                throw Wrong($"unknown option {argument}");
            }
        }
        if (request.Device.Length == 0)
        {
            throw Wrong("no device");
        }
        return request with
        {
            Repair = FsckRequest.ModeOf(flags.Contains('n'), flags.Contains('p') || flags.Contains('a'), flags.Contains('y'), request.Rebuilds),
            IsForced = flags.Contains('f'),
            IsVerbose = flags.Contains('v'),
        };
    }

    private static string ValueOf(string[] arguments, ref int index) => ++index < arguments.Length ? arguments[index] : throw Wrong($"{arguments[index - 1]} needs a value");

    private static int Descriptor(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int descriptor) ? descriptor : throw Wrong($"-C {text}: not a file descriptor");

    private static long Memory(string text) => SizeText.TryParse(text, out long bytes) ? bytes : throw Wrong($"--memory {text}: not a size");

    private static CommandException Wrong(string fault) => new(ExitCodes.Usage, $"{fault}; {UsageLine}");
}
