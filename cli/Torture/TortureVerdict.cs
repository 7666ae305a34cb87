using System.Globalization;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Torture;

/// <summary>What the counts mean, in plain words.</summary>
internal sealed record TortureVerdict(string Name, string Text, int ExitCode)
{
    public static TortureVerdict Of(in TortureCounts counts)
    {
        if (counts.Faults > 0)
        {
            return new TortureVerdict("dishonest", $"do not trust this device: it {string.Join("; it ", Faults(counts))}", ExitCodes.TestFailed);
        }
        if (counts.Cuts == 0)
        {
            return new TortureVerdict("untested", "no power cut yet: let it write, and pull the plug", ExitCodes.Success);
        }
        string cuts = Count(counts.Cuts, "power cut");
        return counts.BrokenInFlight > 0
            ? new TortureVerdict("breaks-sectors", $"honest in {cuts}, but sectors that were being written became garbage ({counts.BrokenInFlight}): fine for filesystems with checksums, not for others", ExitCodes.Success)
            : new TortureVerdict("honest", $"honest so far: {cuts}, and nothing that was acknowledged as flushed is missing", ExitCodes.Success);
    }

    private static IEnumerable<string> Faults(TortureCounts counts)
    {
        if (counts.LostAfterFlush > 0)
        {
            yield return $"lost {Count(counts.LostAfterFlush, "block")} that it had acknowledged as flushed";
        }
        if (counts.Reordered > 0)
        {
            yield return $"kept later writes while it lost earlier, flushed ones ({counts.Reordered})";
        }
        if (counts.TornAfterFlush > 0)
        {
            yield return $"kept only parts of {Count(counts.TornAfterFlush, "flushed block")}";
        }
        if (counts.Corrupted > 0)
        {
            yield return $"shows bytes that were never written in {Count(counts.Corrupted, "block")}";
        }
        if (counts.Misdirected > 0)
        {
            yield return $"wrote {Count(counts.Misdirected, "block")} to a wrong place";
        }
        if (counts.Unreadable > 0)
        {
            yield return $"cannot read {Count(counts.Unreadable, "written block")} any more";
        }
        if (counts.WrongReadBack > 0)
        {
            yield return $"read {Count(counts.WrongReadBack, "block")} back wrong without any power cut";
        }
    }

    private static string Count(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}
