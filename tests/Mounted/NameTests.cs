using Xunit;

namespace Txlfs.Tests.Mounted;

/// <summary>Directories, links, renames.</summary>
[Trait("Category", "Mounted")]
public class NameTests
{
    [Theory, ClassData(typeof(Transports))]
    public void RenameInAllItsCases(string transport)
    {
        using MountedVolume volume = new(transport);
        Posix.WriteFile(volume["a"], "a"u8);
        Posix.WriteFile(volume["b"], "b"u8);
        Posix.MakeDirectory(volume["empty"]);
        Posix.MakeDirectory(volume["full"]);
        Posix.WriteFile(volume["full/inside"], "inside"u8);
        Assert.Equal(Errno.Eexist, Posix.ErrnoOf(() => Posix.Rename(volume["a"], volume["b"], Libc.RenameNoReplace)));
        Assert.Equal(Errno.Enoent, Posix.ErrnoOf(() => Posix.Rename(volume["a"], volume["none"], Libc.RenameExchange)));
        Assert.Equal(Errno.Enoent, Posix.ErrnoOf(() => Posix.Rename(volume["none"], volume["a"])));
        Assert.Equal(Errno.Eisdir, Posix.ErrnoOf(() => Posix.Rename(volume["a"], volume["empty"])));
        Assert.Equal(Errno.Enotdir, Posix.ErrnoOf(() => Posix.Rename(volume["empty"], volume["a"])));
        Assert.Equal(Errno.Enotempty, Posix.ErrnoOf(() => Posix.Rename(volume["empty"], volume["full"])));
        Assert.Equal(Errno.Einval, Posix.ErrnoOf(() => Posix.Rename(volume["full"], volume["full/below"])));
        Posix.Rename(volume["a"], volume["b"], Libc.RenameExchange);
        Assert.Equal("b"u8.ToArray(), Posix.ReadFile(volume["a"]));
        Posix.Rename(volume["a"], volume["full"], Libc.RenameExchange);
        Assert.Equal("b"u8.ToArray(), Posix.ReadFile(volume["full"]));
        Assert.Equal("inside"u8.ToArray(), Posix.ReadFile(volume["a/inside"]));
        Posix.Rename(volume["full"], volume["b"]);
        Assert.Equal("b"u8.ToArray(), Posix.ReadFile(volume["b"]));
        Posix.Rename(volume["a"], volume["empty"]+ "/moved");
        Assert.Equal(3U, Posix.Stat(volume["empty"]).Nlink);
        Posix.Rename(volume["b"], volume["new"], Libc.RenameNoReplace);
        Posix.Check(Libc.Link(volume["new"], volume["same"]), "link");
        Posix.Rename(volume["new"], volume["same"]);
        Assert.Equal(2U, Posix.Stat(volume["same"]).Nlink);
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void HardLinksShareOneInode(string transport)
    {
        using MountedVolume volume = new(transport);
        Posix.WriteFile(volume["one"], "1"u8);
        Posix.MakeDirectory(volume["dir"]);
        Posix.Check(Libc.Link(volume["one"], volume["dir/two"]), "link");
        Assert.Equal(Posix.Stat(volume["one"]).Inode, Posix.Stat(volume["dir/two"]).Inode);
        Assert.Equal(2U, Posix.Stat(volume["one"]).Nlink);
        Posix.WriteFile(volume["dir/two"], "changed"u8);
        Assert.Equal("changed"u8.ToArray(), Posix.ReadFile(volume["one"]));
        Assert.Equal(Errno.Eperm, Posix.ErrnoOf(() => Posix.Check(Libc.Link(volume["dir"], volume["dir2"]), "link")));
        Assert.Equal(Errno.Eexist, Posix.ErrnoOf(() => Posix.Check(Libc.Link(volume["one"], volume["dir/two"]), "link")));
        Posix.Unlink(volume["one"]);
        Assert.Equal(1U, Posix.Stat(volume["dir/two"]).Nlink);
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void SymlinksNodesFifosAndSockets(string transport)
    {
        using MountedVolume volume = new(transport);
        foreach (int length in new[] { 1, 59, 60, 255, 2000, 2048, 4095 })
        {
            Posix.Check(Libc.Symlink(new string('t', length), volume[$"link{length}"]), "symlink");
            Assert.Equal(new string('t', length), Posix.Readlink(volume[$"link{length}"]));
            Assert.Equal((ulong)length, Posix.Stat(volume[$"link{length}"]).Size);
        }
        Posix.Check(Libc.Mknod(volume["fifo"], 0x1000 | 0x1A4, 0), "mkfifo");
        Posix.Check(Libc.Mknod(volume["null"], 0x2000 | 0x1B6, (1 << 8) | 3), "mknod char");
        Posix.Check(Libc.Mknod(volume["disk"], 0x6000 | 0x1B0, (8 << 8) | 1), "mknod block");
        Posix.Check(Libc.Mknod(volume["socket"], 0xC000 | 0x1ED, 0), "mknod socket");
        Assert.Equal((1U, 3U), (Posix.Stat(volume["null"]).RdevMajor, Posix.Stat(volume["null"]).RdevMinor));
        Programs.Shell("(echo through > fifo &) ; test \"$(cat fifo)\" = through", volume.Root);
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void ADirectoryWithTwentyThousandEntriesIsListedOnceEach(string transport)
    {
        const int count = 20_000;
        using MountedVolume volume = new(transport);
        string directory = volume["large"];
        Posix.MakeDirectory(directory);
        for (int i = 0; i < count; i++)
        {
            new OpenFile($"{directory}/file-{i:D6}", Libc.OWronly | Libc.OCreat).Dispose();
        }
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"file-{i:D6}"), Names(directory));
        volume.Remount();
        Assert.Equal(count, Names(directory).Count());
        // Deleting what a listing in progress has just shown must not make it skip or repeat others.
        HashSet<string> seen = [];
        foreach (string path in Directory.EnumerateFileSystemEntries(directory))
        {
            Assert.True(seen.Add(path), $"{path} was listed twice");
            Posix.Unlink(path);
        }
        Assert.Equal(count, seen.Count);
        Assert.Empty(Directory.GetFileSystemEntries(directory));
        Posix.Check(Libc.Rmdir(directory), "rmdir");
        volume.CheckAfterRemounts();
    }

    private static IEnumerable<string> Names(string directory) => Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    [Theory, ClassData(typeof(Transports))]
    public void DirectoriesCountTheirSubdirectoriesAndRefuseToGoWhenFull(string transport)
    {
        using MountedVolume volume = new(transport);
        Posix.MakeDirectory(volume["d"]);
        for (int i = 0; i < 20; i++)
        {
            Posix.MakeDirectory(volume[$"d/{i}"]);
        }
        Assert.Equal(22U, Posix.Stat(volume["d"]).Nlink);
        Assert.Equal(Errno.Enotempty, Posix.ErrnoOf(() => Posix.Check(Libc.Rmdir(volume["d"]), "rmdir")));
        Assert.Equal(Errno.Eexist, Posix.ErrnoOf(() => Posix.MakeDirectory(volume["d"])));
        Assert.Equal(Errno.Eisdir, Posix.ErrnoOf(() => Posix.Unlink(volume["d"])));
        Posix.Check(Libc.Rmdir(volume["d/3"]), "rmdir");
        Assert.Equal(21U, Posix.Stat(volume["d"]).Nlink);
        Assert.Equal(Posix.Stat(volume["d"]).Inode, Posix.Stat(volume["d/4/.."]).Inode);
        Posix.WriteFile(volume["d/ä ö \t\n'\"\\"], "odd name"u8);
        volume.CheckAfterRemounts();
    }
}
