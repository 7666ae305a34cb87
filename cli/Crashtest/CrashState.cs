using System.Globalization;
using System.Text;

namespace Txlfs.Cli.Crashtest;

/// <summary>What a cut took of one write: a flag for each 512-byte sector.</summary>
internal sealed record Loss(RecordedWrite Write, bool[] Sectors)
{
    public bool IsWhole => !Sectors.Contains(false);
    public string Describe() => string.Create(CultureInfo.InvariantCulture,
        $"write {Write.Id}: {Write.LengthBytes} bytes at {Write.OffsetBytes}, {(IsWhole ? "lost" : $"torn (sectors {Ranges()} lost)")}");

    /// <summary>Lost sectors as people write them: 0-3,7.</summary>
    public string Ranges()
    {
        StringBuilder text = new();
        for (int first = 0; first < Sectors.Length; first++)
        {
            if (!Sectors[first])
            {
                continue;
            }
            int last = first;
            while (last + 1 < Sectors.Length && Sectors[last + 1])
            {
                last++;
            }
            text.Append(text.Length > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"{first}");
            if (last > first)
            {
                text.Append(CultureInfo.InvariantCulture, $"-{last}");
            }
            first = last;
        }
        return text.ToString();
    }
}

/// <summary>One device that a power cut could have left: all writes issued before the cut, except what is lost.</summary>
internal sealed record CrashState(int Cut, IReadOnlyList<Loss> Losses, int InDoubt)
{
    /// <summary>Equal for states that a checker cannot tell apart.</summary>
    public string Identity(Recording recording)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{recording.IssuedBefore(Cut)}/{recording.AckBytesAt(Cut)}");
        foreach (Loss loss in Losses)
        {
            text.Append(CultureInfo.InvariantCulture, $"/{loss.Write.Id}:{loss.Ranges()}");
        }
        return text.ToString();
    }

    public string Describe(Recording recording) => string.Create(CultureInfo.InvariantCulture,
        $"power cut after device event {Cut} of {recording.EventCount} ({recording.FlushesBefore(Cut)} flushes done), {Losses.Count} of {InDoubt} unflushed writes lost or torn");
}
