using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Tests.Unit.Fakes;
using Xunit;
using static Txlfs.Tests.Unit.Namespace.NamespaceFixture;

namespace Txlfs.Tests.Unit.Namespace;

/// <summary>Random operations against a tree of dictionaries, with misses, late answers and collisions; errno for errno.</summary>
public class NamespaceModelTests
{
    private const int Steps = 3000;
    private static readonly string[] Names = ["a", "b", "c", "d"];

    private sealed class Node(ulong inode, bool isDirectory)
    {
        public readonly ulong Inode = inode;
        public readonly bool IsDirectory = isDirectory;
        public readonly Dictionary<string, Node> Children = [];
        public Node? Parent;
        public int Links;
        public int Opens;

        public bool IsInside(Node other)
        {
            for (Node? at = this; at is not null; at = at.Parent)
            {
                if (at == other)
                {
                    return true;
                }
            }
            return false;
        }
    }

    [Theory]
    [InlineData(1, 0, false, 0)]
    [InlineData(2, 3, false, 2)]
    [InlineData(3, 2, true, 1)]
    [InlineData(4, 5, true, 0)]
    public void AgreesWithTheModel(ulong seed, int missEvery, bool answersLater, int hashes)
    {
        using var fs = new NamespaceFixture(hashes == 0 ? null : new CollidingHasher(hashes), missEvery);
        fs.Engine.AnswersLater = answersLater;
        var random = new FakeRandom(seed);
        var root = new Node(Root, true);
        List<Node> all = [root];
        for (int step = 0; step < Steps; step++)
        {
            string what = Step(fs, random, root, all);
            Exception? difference = Record.Exception(() =>
            {
                if (step % 50 == 0)
                {
                    fs.Engine.RunAll();
                    fs.CheckConsistency();
                    Compare(fs, root);
                }
            });
            Assert.True(difference is null, $"seed {seed}, step {step}, {what}: {difference}");
        }
        foreach (Node node in all)
        {
            for (; node.Opens > 0; node.Opens--)
            {
                fs.Release(node.Inode);
            }
            Assert.Equal(node.Links > 0 || node == root || node.Parent is not null, fs.Exists(node.Inode));
        }
        fs.Engine.RunAll();
        fs.CheckConsistency();
        Assert.Equal(0, fs.Names.Room.Open.Count);
    }

    private static string Step(NamespaceFixture fs, FakeRandom random, Node root, List<Node> all)
    {
        List<Node> directories = [.. all.Where(n => n.IsDirectory && n.IsInside(root))];
        Node directory = directories[random.Next(directories.Count)], other = directories[random.Next(directories.Count)];
        string name = Names[random.Next(Names.Length)], newName = Names[random.Next(Names.Length)];
        Node? child = directory.Children.GetValueOrDefault(name);
        int operation = random.Next(12);
        string what = $"operation {operation} on {directory.Inode}/{name} {other.Inode}/{newName}";
        switch (operation)
        {
            case 0 or 1:
                bool open = random.Next(3) == 0;
                Add(what, child, all, directory, name, fs.Create(directory.Inode, name, open: open), isDirectory: false, open);
                break;
            case 2 or 3:
                Add(what, child, all, directory, name, fs.MakeDirectory(directory.Inode, name), isDirectory: true, open: false);
                break;
            case 4:
                Same(what, child is null ? Errno.ENOENT : child.IsDirectory ? Errno.EISDIR : 0, fs.Unlink(directory.Inode, name), () => Drop(directory, name));
                break;
            case 5:
                Same(what, child is null ? Errno.ENOENT : !child.IsDirectory ? Errno.ENOTDIR : child.Children.Count > 0 ? Errno.ENOTEMPTY : 0,
                    fs.RemoveDirectory(directory.Inode, name), () => Drop(directory, name));
                break;
            case 6 when child is not null:
                Link(what, fs, child, other, newName);
                break;
            case 7 when child is not null:
                Assert.Equal((long)child.Inode, fs.Open(child.Inode));
                child.Opens++;
                break;
            case 8:
                Node node = all[random.Next(all.Count)];
                if (node.Opens > 0)
                {
                    node.Opens--;
                    fs.Names.Inodes.Release(node.Inode);
                }
                break;
            default:
                Rename(what, fs, directory, name, other, newName, operation == 9 ? RenameFlags.Exchange : operation == 10 ? RenameFlags.NoReplace : RenameFlags.None);
                break;
        }
        return what;
    }

    private static void Same(string what, int errno, long result, Action apply)
    {
        Assert.True(result == -errno || (errno == 0 && result > 0), $"{what}: {result}, expected errno {errno}");
        if (errno == 0)
        {
            apply();
        }
    }

    private static void Add(string what, Node? child, List<Node> all, Node directory, string name, long result, bool isDirectory, bool open)
        => Same(what, child is null ? 0 : Errno.EEXIST, result, () =>
        {
            var node = new Node((ulong)result, isDirectory) { Opens = open ? 1 : 0 };
            all.Add(node);
            Put(directory, name, node);
        });

    private static void Link(string what, NamespaceFixture fs, Node child, Node other, string newName)
        => Same(what, child.IsDirectory ? Errno.EPERM : other.Children.ContainsKey(newName) ? Errno.EEXIST : 0,
            fs.Link(child.Inode, other.Inode, newName), () => Put(other, newName, child));

    private static void Rename(string what, NamespaceFixture fs, Node directory, string name, Node other, string newName, RenameFlags flags)
    {
        Node? source = directory.Children.GetValueOrDefault(name), target = other.Children.GetValueOrDefault(newName);
        bool isExchange = flags == RenameFlags.Exchange;
        int errno = source is null || (isExchange && target is null) ? Errno.ENOENT
            : target is not null && flags == RenameFlags.NoReplace ? Errno.EEXIST
            : source == target ? 0
            : source.IsDirectory && other.IsInside(source) ? Errno.EINVAL
            : isExchange ? (target!.IsDirectory && directory.IsInside(target) ? Errno.EINVAL : 0)
            : target is null ? 0
            : source.IsDirectory != target.IsDirectory ? (source.IsDirectory ? Errno.ENOTDIR : Errno.EISDIR)
            : target.IsDirectory && target.Children.Count > 0 ? Errno.ENOTEMPTY
            : 0;
        Same(what, errno, fs.Rename(directory.Inode, name, other.Inode, newName, flags), () =>
        {
            if (source == target)
            {
                return;
            }
            Drop(directory, name);
            if (target is not null)
            {
                Drop(other, newName);
            }
            Put(other, newName, source!);
            if (isExchange)
            {
                Put(directory, name, target!);
            }
        });
    }

    private static void Put(Node directory, string name, Node node)
    {
        directory.Children.Add(name, node);
        node.Links++;
        node.Parent = node.IsDirectory ? directory : null;
    }

    private static void Drop(Node directory, string name)
    {
        Node node = directory.Children[name];
        directory.Children.Remove(name);
        node.Links--;
        node.Parent = null;
    }

    private static void Compare(NamespaceFixture fs, Node directory)
    {
        Assert.Equal(directory.Children.Keys.Order(StringComparer.Ordinal), fs.ListNames(directory.Inode));
        foreach ((string name, Node child) in directory.Children)
        {
            Assert.Equal((long)child.Inode, fs.Lookup(directory.Inode, name));
            if (child.IsDirectory)
            {
                Compare(fs, child);
            }
        }
    }
}
