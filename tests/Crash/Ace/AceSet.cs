namespace Txlfs.Tests.Crash.Ace;

/// <summary>
/// The bounds of CrashMonkey's B3, as its workload generator ACE has them: two directories with one nested, files of the same names in each, small
/// ranges at a file's begin, inside, across its end and behind it. Added: what this volume stores in a way of its own (inline files, exchange,
/// collapse, insert).
/// </summary>
public static class AceSet
{
    private static readonly string[] Files = ["foo", "bar", "A/foo", "A/bar"];
    private static readonly string[] DataFiles = ["foo", "A/foo"];

    public static readonly IReadOnlyList<AceOperation> Operations = [.. All()];

    private static IEnumerable<AceOperation> All() =>
    [
        .. Files.Append("A/C/foo").Select(file => new AceOperation(AceKind.Create, file)),
        .. new[] { "A", "B", "A/C" }.Select(directory => new AceOperation(AceKind.MakeDirectory, directory)),
        .. DataFiles.SelectMany(Data),
        .. Names(),
        .. Renames(),
        .. new[] { "foo", "A/foo", "A" }.SelectMany(path => new AceOperation[] { new(AceKind.SetXattr, path), new(AceKind.RemoveXattr, path) }),
    ];

    private static IEnumerable<AceOperation> Data(string file)
    {
        string[] writes = ["begin", "inside", "across", "append"];
        string[] ranges = ["inside", "across", "behind"];
        string[] modes = ["allocate", "keep", "punch", "zero", "zero-keep"];
        return
        [
            new AceOperation(AceKind.Write, file, "", "inline"),
            .. writes.Select(range => new AceOperation(AceKind.Write, file, "", range)),
            .. writes.Select(range => new AceOperation(AceKind.DirectWrite, file, "", range)),
            .. new[] { "begin", "inside" }.Select(range => new AceOperation(AceKind.MappedWrite, file, "", range)),
            .. modes.SelectMany(mode => ranges.Select(range => new AceOperation(AceKind.Fallocate, file, mode, range))),
            new AceOperation(AceKind.Fallocate, file, "collapse", "inside"),
            new AceOperation(AceKind.Fallocate, file, "insert", "inside"),
            .. new[] { "empty", "aligned", "unaligned", "longer" }.Select(size => new AceOperation(AceKind.Truncate, file, "", size)),
        ];
    }

    private static IEnumerable<AceOperation> Names() =>
    [
        new(AceKind.Link, "foo", "bar"), new(AceKind.Link, "foo", "A/bar"), new(AceKind.Link, "A/foo", "bar"), new(AceKind.Link, "A/foo", "A/bar"),
        new(AceKind.Symlink, "foo", "A/bar"), new(AceKind.Symlink, "A/foo", "bar"),
        .. Files.Select(file => new AceOperation(AceKind.Unlink, file)),
        new(AceKind.RemoveDirectory, "A"), new(AceKind.RemoveDirectory, "B"), new(AceKind.RemoveDirectory, "A/C"),
    ];

    private static IEnumerable<AceOperation> Renames()
    {
        (string From, string To)[] files = [("foo", "bar"), ("foo", "A/foo"), ("A/foo", "foo"), ("A/foo", "A/bar"), ("A/foo", "B/foo")];
        (string From, string To)[] directories = [("A", "B"), ("A/C", "B"), ("B", "A/C")];
        return
        [
            .. files.SelectMany(pair => new[] { "absent", "over" }.Select(target => new AceOperation(AceKind.Rename, pair.From, pair.To, target))),
            .. directories.SelectMany(pair => new[] { "absent", "over" }.Select(target => new AceOperation(AceKind.Rename, pair.From, pair.To, target + "-directory"))),
            new AceOperation(AceKind.Rename, "foo", "A/bar", "exchange"),
            new AceOperation(AceKind.Rename, "foo", "A", "exchange-directory"),
            new AceOperation(AceKind.Rename, "foo", "bar", "no-replace"),
        ];
    }
}
