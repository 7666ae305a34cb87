using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Txlfs.Tests.Tidy;

/// <summary>The house rules, checked on the sources themselves.</summary>
public partial class TidyTests
{
    private const int MaxLines = 500;
    private static readonly string[] Rooms = ["journal", "lfs", "fsd", "cli"];
    private static readonly string[] TopFolders = ["journal", "lfs", "fsd", "cli", "tests", "fio-profiles", "scripts"];
    private static readonly string Root = FindRoot();

    public static TheoryData<string, string[]> Arrows => new()
    {
        { "journal", [] },
        { "lfs", ["journal"] },
        { "fsd", ["lfs", "journal"] },
        { "cli", ["fsd", "lfs", "journal"] },
    };

    [Theory, MemberData(nameof(Arrows))]
    public void ProjectsReferOnlyToRoomsBelow(string room, string[] allowed)
    {
        XDocument project = XDocument.Load(Path.Combine(Root, room, room + ".csproj"));
        IEnumerable<string> references = project.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!));
        Assert.Subset(allowed.ToHashSet(), references.ToHashSet());
    }

    [Theory, MemberData(nameof(Arrows))]
    public void NamespacesReferOnlyToRoomsBelow(string room, string[] allowed)
    {
        HashSet<string> fine = [.. allowed.Append(room).Select(name => name.ToUpperInvariant())];
        List<string> wrong = [];
        foreach (string file in SourcesOf(room))
        {
            foreach (Match match in RoomNamespace().Matches(File.ReadAllText(file)))
            {
                if (!fine.Contains(match.Groups[1].Value.ToUpperInvariant()))
                {
                    wrong.Add($"{Relative(file)}: {match.Value}");
                }
            }
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void TheProtocolLibraryKnowsNothingOfTheVolume()
        => Assert.DoesNotContain(SourcesOf("fsd/Fuse"), file => File.ReadAllText(file).Contains("Txlfs.Lfs", StringComparison.Ordinal));

    [Fact]
    public void NoSourceFileIsTooLong()
        => Assert.Equal([], Sources().Where(file => File.ReadLines(file).Count() > MaxLines).Select(Relative));

    [Fact]
    public void NothingIsLeftToDo()
        => Assert.Empty(Text().SelectMany(file => Marked(file, UnfinishedMarker())));

    [Fact]
    public void NothingSpeaksOfTheMachineThatItWasWrittenOn()
        => Assert.Empty(Text().SelectMany(file => Marked(file, MachinePath())));

    [Fact]
    public void EveryNamespaceIsFileScoped()
        => Assert.Empty(Sources().Where(file => BlockNamespace().IsMatch(File.ReadAllText(file))).Select(Relative));

    [Fact]
    public void EverySourceFileHasANamespace()
        => Assert.Empty(Sources().Where(file => !Path.GetFileName(file).StartsWith("AssemblyInfo", StringComparison.Ordinal)
            && !FileNamespace().IsMatch(File.ReadAllText(file))).Select(Relative));

    [Fact]
    public void ThereAreNoOtherTopLevelFolders()
    {
        IEnumerable<string> folders = Directory.GetDirectories(Root).Select(path => Path.GetFileName(path)!)
            .Where(name => !name.StartsWith('.') && name is not ("bin" or "obj" or "out"));
        Assert.Subset(TopFolders.ToHashSet(), folders.ToHashSet());
    }

    [Fact]
    public void ScriptsAreExecutableAndStopAtTheFirstError()
    {
        foreach (string script in Directory.GetFiles(Path.Combine(Root, "scripts")))
        {
            Assert.True(File.GetUnixFileMode(script).HasFlag(UnixFileMode.UserExecute), Relative(script));
            if (File.ReadLines(script).First() == "#!/usr/bin/env bash")
            {
                Assert.Matches("(?m)^set -[a-z]*e", File.ReadAllText(script));
            }
        }
    }

    private static IEnumerable<string> Marked(string file, Regex marker)
        => File.ReadLines(file).Select((line, i) => (Line: line, Number: i + 1)).Where(line => marker.IsMatch(line.Line))
            .Select(line => $"{Relative(file)}:{line.Number}: {line.Line.Trim()}");

    private static IEnumerable<string> Sources() => Rooms.Append("tests").SelectMany(SourcesOf);

    private static IEnumerable<string> SourcesOf(string folder)
        => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories).Where(file => !IsBuilt(file)).Order(StringComparer.Ordinal);

    /// <summary>All that a person reads: sources, notes, scripts, projects. Not this file, which must name what it forbids.</summary>
    private static IEnumerable<string> Text()
        => TopFolders.SelectMany(folder => Directory.Exists(Path.Combine(Root, folder)) ? Directory.EnumerateFiles(Path.Combine(Root, folder), "*", SearchOption.AllDirectories) : [])
            .Concat(Directory.EnumerateFiles(Root, "*.md"))
            .Where(file => !IsBuilt(file) && Path.GetFileName(file) != "TidyTests.cs");

    private static bool IsBuilt(string file) => BuiltFolder().IsMatch(Relative(file));

    private static string Relative(string file) => Path.GetRelativePath(Root, file);

    internal static string FindRoot()
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(Path.Combine(at, "Fuse.sln")))
        {
            at = Path.GetDirectoryName(at);
        }
        return at ?? throw new InvalidOperationException("Fuse.sln is not above the test program");
    }

    [GeneratedRegex(@"Txlfs\.(Journal|Lfs|Fsd|Cli)\b")]
    private static partial Regex RoomNamespace();

    [GeneratedRegex(@"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedException")]
    private static partial Regex UnfinishedMarker();

    [GeneratedRegex(@"(?<![\w.~])/(work|home|root|Users)/")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"(?m)^namespace [\w.]+\s*(\{|$)")]
    private static partial Regex BlockNamespace();

    [GeneratedRegex(@"(?m)^namespace [\w.]+;")]
    private static partial Regex FileNamespace();

    [GeneratedRegex(@"(^|/)(bin|obj)/")]
    private static partial Regex BuiltFolder();
}
