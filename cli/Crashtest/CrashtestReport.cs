using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml;

namespace Txlfs.Cli.Crashtest;

/// <summary>Results for CI: JUnit XML with one test case for each state, and JSON.</summary>
internal sealed class CrashtestReport(ulong seed, Recording recording)
{
    private readonly List<(int Number, CrashState State, StateVerdict Verdict)> _results = [];

    public int StateCount => _results.Count;
    public int FailureCount => _results.Count(result => !result.Verdict.IsGood);

    public void Add(int number, CrashState state, StateVerdict verdict) => _results.Add((number, state, verdict));

    public string ToJUnit()
    {
        StringBuilder text = new();
        using (XmlWriter xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, OmitXmlDeclaration = true }))
        {
            xml.WriteStartElement("testsuite");
            xml.WriteAttributeString("name", "txlfs crashtest");
            xml.WriteAttributeString("tests", StateCount.ToString(CultureInfo.InvariantCulture));
            xml.WriteAttributeString("failures", FailureCount.ToString(CultureInfo.InvariantCulture));
            foreach ((int number, CrashState state, StateVerdict verdict) in _results)
            {
                xml.WriteStartElement("testcase");
                xml.WriteAttributeString("classname", "crashtest");
                xml.WriteAttributeString("name", string.Create(CultureInfo.InvariantCulture, $"state {number} (seed {seed}): {state.Describe(recording)}"));
                if (!verdict.IsGood)
                {
                    xml.WriteStartElement("failure");
                    xml.WriteAttributeString("message", Printable(verdict.Problem!));
                    xml.WriteString(Printable(verdict.Output));
                    xml.WriteEndElement();
                }
                xml.WriteEndElement();
            }
            xml.WriteEndElement();
        }
        return text.Append('\n').ToString();
    }

    public string ToJson()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("seed", seed);
            json.WriteNumber("events", recording.EventCount);
            json.WriteNumber("writes", recording.Writes.Count);
            json.WriteNumber("flushes", recording.FlushCount);
            json.WriteNumber("states", StateCount);
            json.WriteNumber("failures", FailureCount);
            json.WriteStartArray("failed");
            foreach ((int number, CrashState state, StateVerdict verdict) in _results.Where(result => !result.Verdict.IsGood))
            {
                json.WriteStartObject();
                json.WriteNumber("state", number);
                json.WriteNumber("cut", state.Cut);
                json.WriteNumber("lostWrites", state.Losses.Count);
                json.WriteNumber("acknowledgedLines", verdict.AcknowledgedLines);
                json.WriteString("problem", verdict.Problem);
                json.WriteString("output", verdict.Output);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    /// <summary>XML has no way to write control characters.</summary>
    private static string Printable(string text) => string.Concat(text.Select(letter => letter >= ' ' || letter is '\n' or '\t' ? letter : '?'));
}
