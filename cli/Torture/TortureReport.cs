using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Txlfs.Cli.Torture;

/// <summary>The counts of a card and the verdict, for people and for programs.</summary>
internal static class TortureReport
{
    public static string Text(string path, TortureHeader header)
    {
        var text = new StringBuilder();
        foreach ((string name, long count) in Lines(header.Counts))
        {
            text.Append(CultureInfo.InvariantCulture, $"{name + ":",-34}{count}\n");
        }
        return text.Append(CultureInfo.InvariantCulture, $"{path}: {TortureVerdict.Of(header.Counts).Text}").ToString();
    }

    public static string Json(string path, TortureHeader header)
    {
        TortureVerdict verdict = TortureVerdict.Of(header.Counts);
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("device", path);
            json.WriteString("run", header.RunId.ToString("x16", CultureInfo.InvariantCulture));
            json.WriteNumber("round", header.Round);
            json.WriteString("verdict", verdict.Name);
            json.WriteString("text", verdict.Text);
            foreach ((string name, long count) in Lines(header.Counts))
            {
                json.WriteNumber(JsonNamingPolicy.CamelCase.ConvertName(string.Concat(name.Split(' ').Select(Capitalised))), count);
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static string Capitalised(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    private static IEnumerable<(string Name, long Count)> Lines(TortureCounts counts) =>
    [
        ("power cuts", counts.Cuts), ("acknowledged epochs", counts.Epochs), ("blocks written", counts.WrittenBlocks), ("blocks checked", counts.CheckedBlocks),
        ("lost after flush", counts.LostAfterFlush), ("reordered beyond flush", counts.Reordered), ("torn after flush", counts.TornAfterFlush),
        ("corrupted", counts.Corrupted), ("misdirected", counts.Misdirected), ("unreadable", counts.Unreadable), ("wrong read back", counts.WrongReadBack),
        ("broken in flight", counts.BrokenInFlight), ("torn in flight", counts.TornInFlight),
    ];
}
