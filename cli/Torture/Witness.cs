using System.Globalization;
using System.Text.RegularExpressions;

namespace Txlfs.Cli.Torture;

/// <summary>
/// A line for each acknowledged epoch, for a place that the cut does not reach. With it the check also finds losses that leave no trace on the card: an end
/// of the writing that is missing as a whole.
/// </summary>
internal static partial class Witness
{
    public static string Line(ulong runId, uint round, uint epoch)
        => string.Create(CultureInfo.InvariantCulture, $"txlfs-torture {runId:x16} round {round} epoch {epoch} acknowledged");

    /// <summary>The last acknowledgement that the lines tell of; zeros when there is none. What is no such line is passed over: serial consoles mix in others' output.</summary>
    public static (uint Round, uint Epoch) Last(IEnumerable<string> lines, ulong runId)
    {
        (uint Round, uint Epoch) last = default;
        foreach (string line in lines)
        {
            Match match = Pattern().Match(line);
            if (match.Success && match.Groups[1].Value == runId.ToString("x16", CultureInfo.InvariantCulture))
            {
                (uint, uint) told = (uint.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture), uint.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture));
                last = told.CompareTo(last) > 0 ? told : last;
            }
        }
        return last;
    }

    [GeneratedRegex("txlfs-torture ([0-9a-f]{16}) round ([0-9]{1,9}) epoch ([0-9]{1,9}) acknowledged")]
    private static partial Regex Pattern();
}
