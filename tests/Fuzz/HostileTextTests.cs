using System.Text;
using Txlfs.Fsd.Host;
using Txlfs.Tests.Model;
using Xunit;

namespace Txlfs.Tests.Fuzz;

/// <summary>Mount options and daemon command lines that are nonsense, or nearly right: understood, or refused with one line, never anything else.</summary>
public class HostileTextTests
{
    private const int Rounds = 40_000;

    private static readonly string[] Pieces =
    [
        "memory=", "checkpoint=", "commit=", "transport=", "engine=", "log=", "device-model=", "sdcard", "recorder", ":seed=", ":cache=", ":lie=flush", ":die-after=", ":latency=on",
        "ro", "rw", "strict", "discard", "noatime", "auto", "uring", "dev", "threads", "x-", "user_id=", ",", "=", ":", "-", "--", "1", "0", "128M", "-1", "99999999999999999999",
        "1e9", "NaN", "0x10", "M", "KiB", ".", "..", " ", "\0", "\n", "\u00e4", "\ud800", "/", "-o", "-f", "--foreground", "--status-fd", "--device-model", "%s", "$(x)",
    ];

    [Fact]
    public void MountOptionsAreUnderstoodOrRefused()
        => Run(random => MountOptionParser.Parse([Draw(random), .. random.OneIn(2) ? [Draw(random)] : Array.Empty<string>()]));

    [Fact]
    public void DaemonCommandLinesAreUnderstoodOrRefused()
        => Run(random => DaemonArguments.Parse([.. Enumerable.Range(0, random.Below(6)).Select(_ => Draw(random))]));

    [Fact]
    public void DeviceModelsAreUnderstoodOrRefused()
        => Run(random => DeviceModelSettings.Parse((random.OneIn(2) ? "sdcard" : "") + Draw(random)));

    [Fact]
    public void SizesAreNumbersOrNone()
        => Run(random => Assert.False(SizeText.TryParse(Draw(random), out long bytes) && bytes < 0));

    private static void Run(Action<SeededRandom> parse)
    {
        for (ulong seed = 1; seed <= Rounds; seed++)
        {
            try
            {
                parse(new SeededRandom(seed));
            }
            catch (CommandException refused)
            {
                Assert.True(refused.ExitCode == ExitCodes.Usage && refused.Message.Length > 0, $"seed {seed}: {refused.ExitCode} {refused.Message}");
            }
            catch (Exception defect) when (defect is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}: {defect}");
            }
        }
    }

    private static string Draw(SeededRandom random)
    {
        var text = new StringBuilder();
        for (int pieces = random.Between(0, 5); pieces > 0; pieces--)
        {
            text.Append(random.OneIn(10) ? ((char)random.Below(0x10000)).ToString() : random.Pick(Pieces));
        }
        return text.ToString();
    }
}
