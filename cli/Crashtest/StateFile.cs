using System.Text;
using System.Text.Json;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Crashtest;

/// <summary>
/// All that is needed to make a failing state again, beside the recording and the image it began from, which lie in the same directory:
/// {"format": 1, "number", "check", "options", "cut", "inDoubt", "losses": [{"write", "sectors": "0-3,7"}]}.
/// </summary>
internal static class StateFile
{
    private const int Format = 1;

    public static string Write(int number, string check, string options, CrashState state)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteNumber("number", number);
            json.WriteString("check", check);
            json.WriteString("options", options);
            json.WriteNumber("cut", state.Cut);
            json.WriteNumber("inDoubt", state.InDoubt);
            json.WriteStartArray("losses");
            foreach (Loss loss in state.Losses)
            {
                json.WriteStartObject();
                json.WriteNumber("write", loss.Write.Id);
                json.WriteString("sectors", loss.Ranges());
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    public static (int Number, string Check, string Options) ReadHead(string path, string text)
    {
        using JsonDocument document = Parse(path, text);
        JsonElement root = document.RootElement;
        return (root.GetProperty("number").GetInt32(), root.GetProperty("check").GetString()!, root.GetProperty("options").GetString()!);
    }

    public static CrashState ReadState(string path, string text, Recording recording)
    {
        using JsonDocument document = Parse(path, text);
        JsonElement root = document.RootElement;
        List<Loss> losses = [];
        foreach (JsonElement loss in root.GetProperty("losses").EnumerateArray())
        {
            long id = loss.GetProperty("write").GetInt64();
            RecordedWrite write = recording.Writes.FirstOrDefault(candidate => candidate.Id == id) ?? throw Wrong(path, $"the recording has no write {id}");
            losses.Add(new Loss(write, ParseRanges(path, loss.GetProperty("sectors").GetString()!, write.SectorCount)));
        }
        return new CrashState(root.GetProperty("cut").GetInt32(), losses, root.GetProperty("inDoubt").GetInt32());
    }

    private static JsonDocument Parse(string path, string text)
    {
        try
        {
            JsonDocument document = JsonDocument.Parse(text);
            string[] needed = ["number", "check", "options", "cut", "inDoubt", "losses"];
            bool isOurs = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("format", out JsonElement format)
                && format.TryGetInt32(out int number) && number == Format && needed.All(name => document.RootElement.TryGetProperty(name, out _));
            return isOurs ? document : throw Wrong(path, "it is no state file of this version");
        }
        catch (JsonException fault)
        {
            throw Wrong(path, fault.Message);
        }
    }

    private static bool[] ParseRanges(string path, string text, int sectorCount)
    {
        var lost = new bool[sectorCount];
        foreach (string range in text.Split(','))
        {
            string[] ends = range.Split('-');
            if (!int.TryParse(ends[0], out int first) || !int.TryParse(ends[^1], out int last) || first < 0 || last < first || last >= sectorCount)
            {
                throw Wrong(path, $"sectors {text} of a write of {sectorCount}");
            }
            lost.AsSpan(first, last - first + 1).Fill(true);
        }
        return lost;
    }

    private static CommandException Wrong(string path, string reason) => new(ExitCodes.Usage, $"{path}: {reason}");
}
