using System.Text.RegularExpressions;
using Txlfs.Fsd.Host;
using Xunit;

namespace Txlfs.Tests.Tidy;

/// <summary>What the README says of options and commands is what the programs have.</summary>
public partial class ReadmeTests
{
    private static readonly string Root = TidyTests.FindRoot();

    /// <summary>A value that is right for every option that takes one.</summary>
    private static readonly Dictionary<string, string> Values = new()
    {
        ["transport"] = "auto", ["engine"] = "auto", ["memory"] = "256M", ["checkpoint"] = "256", ["commit"] = "1000", ["log"] = "/tmp/log",
        ["device-model"] = "sdcard:seed=1",
    };

    [Fact]
    public void EveryMountOptionInTheReadmeIsUnderstood()
    {
        foreach (string option in MountOptions())
        {
            string name = option.Split('=')[0];
            MountOptionParser.Parse([Values.TryGetValue(name, out string? value) ? $"{name}={value}" : name]);
        }
    }

    [Fact]
    public void EveryMountOptionThatIsUnderstoodIsInTheReadme()
    {
        string source = File.ReadAllText(Path.Combine(Root, "fsd/Host/MountOptionParser.cs"));
        HashSet<string> documented = [.. MountOptions().Select(option => option.Split('=')[0])];
        IEnumerable<string> names = OptionArm().Matches(source).SelectMany(arm => QuotedName().Matches(arm.Value)).Select(name => name.Groups[1].Value);
        // The opposite of a documented option needs no line of its own, nor does what mount(8) itself adds.
        Assert.DoesNotContain(names, name => name is not ("remount" or "atime") && !documented.Contains(name)
            && !documented.Contains("no" + name) && !(name.StartsWith("no", StringComparison.Ordinal) && documented.Contains(name[2..])));
    }

    [Fact]
    public void EveryMkfsOptionInTheReadmeIsTheToolsOwn()
    {
        HashSet<string> documented = [.. LongOption().Matches(Section("### mkfs")).Select(match => match.Value)];
        HashSet<string> real = [.. DeclaredOption().Matches(File.ReadAllText(Path.Combine(Root, "cli/Commands/MkfsCommand.cs"))).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(documented);
        Assert.Equal(real.Order(), documented.Order());
    }

    private static IEnumerable<string> MountOptions()
        => Section("### Mount options").Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => CodeSpan().Matches(line.Replace(@"\|", "/").Split('|')[1])).Select(span => span.Groups[1].Value);

    /// <summary>From a heading to the next one.</summary>
    private static string Section(string heading)
    {
        string readme = File.ReadAllText(Path.Combine(Root, "README.md"));
        int start = readme.IndexOf(heading, StringComparison.Ordinal);
        Assert.True(start >= 0, $"the README has no section '{heading}'");
        int end = readme.IndexOf("\n#", start + heading.Length, StringComparison.Ordinal);
        return end < 0 ? readme[start..] : readme[start..end];
    }

    [GeneratedRegex("(?m)^\\s+(\"[a-z_]+\"( or )?)+ => settings")]
    private static partial Regex OptionArm();

    [GeneratedRegex("\"([a-z_]+)\"")]
    private static partial Regex QuotedName();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex("\"(--[a-z-]+)\",")]
    private static partial Regex DeclaredOption();

    [GeneratedRegex("--[a-z][a-z-]+")]
    private static partial Regex LongOption();
}
