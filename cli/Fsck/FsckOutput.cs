using System.Globalization;
using System.Text;
using System.Text.Json;
using Txlfs.Fsd.Host;
using Txlfs.Lfs.Verify;

namespace Txlfs.Cli.Fsck;

/// <summary>What fsck says in the end.</summary>
internal static class FsckOutput
{
    public static void WriteSummary(TextWriter output, FsckRequest request, CheckReport report)
    {
        string name = request.Device;
        if (report.WasOnlyLookedAt)
        {
            output.WriteLine($"{name}: {(request.Repair == RepairMode.Preen ? "no check needed" : "closed in order")}; use -f to check it all the same");
            return;
        }
        if (report.WasRebuilt)
        {
            output.WriteLine($"{name}: the index was rebuilt");
        }
        if (report.HasChanged)
        {
            foreach (Finding left in report.Left.Kept)
            {
                output.WriteLine($"{name}: {(left.Severity == FindingSeverity.Notice ? "" : "left: ")}{left}");
            }
        }
        output.WriteLine($"{name}: {Verdict(report)}");
        if (report.Left.Errors == 0 || request.IsVerbose)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name}: {report.Inodes} inodes ({report.Directories} directories), {report.Records} records, {SizeText.Format(report.LiveBytes)} of {SizeText.Format(report.TotalBytes)} live{(request.ChecksData ? $", {SizeText.Format(report.DataBytesRead)} of data read" : "")}"));
        }
    }

    private static string Verdict(CheckReport report)
    {
        if (report.Left.Errors == 0)
        {
            return report.Found.Errors == 0 ? "clean" : string.Create(CultureInfo.InvariantCulture, $"{report.Found.Errors} errors, all mended");
        }
        string hint = report.Left.Of(Remedy.Rebuild) > 0 ? "; --rebuild makes a new index from what is on the device"
            : report.Left.Of(Remedy.Certain) + report.Left.Of(Remedy.Drop) > 0 ? "; -y mends what can be mended" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{report.Left.Errors} errors {(report.HasChanged ? "are left" : "found; nothing was changed")}{hint}");
    }

    public static void WriteJson(TextWriter output, FsckRequest request, CheckReport report, int exitCode)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("device", request.Device);
            json.WriteNumber("exitCode", exitCode);
            json.WriteBoolean("wasOnlyLookedAt", report.WasOnlyLookedAt);
            json.WriteBoolean("wasClean", report.WasClean);
            json.WriteBoolean("hasChanged", report.HasChanged);
            json.WriteBoolean("wasRebuilt", report.WasRebuilt);
            json.WriteNumber("errorsFound", report.Found.Errors);
            json.WriteNumber("errorsLeft", report.Left.Errors);
            json.WriteNumber("inodes", report.Inodes);
            json.WriteNumber("directories", report.Directories);
            json.WriteNumber("records", report.Records);
            json.WriteNumber("liveBytes", report.LiveBytes);
            json.WriteNumber("totalBytes", report.TotalBytes);
            json.WriteNumber("dataBytesRead", report.DataBytesRead);
            WriteFindings(json, "found", report.Found);
            WriteFindings(json, "left", report.Left);
            json.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static void WriteFindings(Utf8JsonWriter json, string name, FindingList findings)
    {
        json.WriteStartArray(name);
        foreach (Finding finding in findings.Kept)
        {
            json.WriteStartObject();
            json.WriteString("kind", Camel(finding.Kind.ToString()));
            json.WriteString("severity", Camel(finding.Severity.ToString()));
            json.WriteString("remedy", Camel(finding.Remedy.ToString()));
            json.WriteString("text", finding.Text);
            if (finding.Inode != 0)
            {
                json.WriteNumber("inode", finding.Inode);
            }
            if (finding.Path is not null)
            {
                json.WriteString("path", finding.Path);
            }
            if (finding.AddressBytes != 0)
            {
                json.WriteNumber("deviceAddress", finding.AddressBytes);
            }
            if (finding.Kind is FindingKind.Data or FindingKind.Extent or FindingKind.BeyondSize)
            {
                json.WriteNumber("offset", finding.OffsetBytes);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
