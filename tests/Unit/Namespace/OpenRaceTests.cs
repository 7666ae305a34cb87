using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Namespace;
using Txlfs.Tests.Unit.Fakes;
using Xunit;
using static Txlfs.Tests.Unit.Namespace.NamespaceFixture;

namespace Txlfs.Tests.Unit.Namespace;

/// <summary>Real threads that create, open, link and unlink the same few names: who has an inode open always finds it (invariant N7).</summary>
public class OpenRaceTests
{
    private const int Threads = 4, Rounds = 3000;

    [Fact]
    public void AnOpenInodeIsThereUntilItsRelease()
    {
        using var fs = new NamespaceFixture(missEvery: 0);
        Exception?[] failures = new Exception?[Threads];
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(t => new Thread(() => failures[t] = Record.Exception(() => Work(fs, (ulong)t))))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Assert.All(failures, Assert.Null);
        fs.Engine.RunAll();
        fs.CheckConsistency();
        Assert.Equal(0, fs.Names.Room.Open.Count);
        Assert.DoesNotContain(fs.Engine.Log.Lines, l => l.StartsWith("Error", StringComparison.Ordinal));
    }

    private static void Work(NamespaceFixture fs, ulong seed)
    {
        var random = new FakeRandom(seed);
        var names = new Pinned[] { new("a"), new("b"), new("c") };
        Directories directories = fs.Names.Directories;
        for (int round = 0; round < Rounds; round++)
        {
            Pinned name = names[random.Next(names.Length)], other = names[random.Next(names.Length)];
            ulong opened = 0;
            switch (random.Next(5))
            {
                case 0:
                    opened = Inode(directories.CreateAsync(Root, name.Slice, new NewInode(0x180, 0, Alice, 0), open: true));
                    break;
                case 1:
                    ulong found = Inode(directories.LookupAsync(Root, name.Slice));
                    opened = found == 0 ? 0 : Inode(fs.Names.Inodes.OpenAsync(found));
                    break;
                case 2:
                    Result(directories.UnlinkAsync(Root, name.Slice, Alice, isRemoveDirectory: false));
                    break;
                case 3:
                    Result(directories.RenameAsync(Root, name.Slice, Root, other.Slice, RenameFlags.None, Alice));
                    break;
                default:
                    opened = Inode(directories.CreateTemporaryAsync(Root, new NewInode(0x180, 0, Alice, 0)));
                    Inode(directories.LinkAsync(opened, Root, name.Slice, Alice));
                    break;
            }
            if (opened != 0)
            {
                Result(directories.UnlinkAsync(Root, name.Slice, Alice, isRemoveDirectory: false));
                Assert.True(fs.Names.Inodes.GetAttributesAsync(opened).Result.IsOk, $"seed {seed}, round {round}: inode {opened} is open and gone");
                fs.Names.Inodes.Release(opened);
            }
            if (random.Next(8) == 0)
            {
                fs.Engine.RunOne();
            }
        }
    }

    private static ulong Inode(ValueTask<OpResult<InodeAttributes>> task)
    {
        Assert.True(task.IsCompletedSuccessfully);
        OpResult<InodeAttributes> result = task.Result;
        return result.IsOk ? result.Value.Inode : 0;
    }

    private static void Result(ValueTask<int> task) => Assert.True(task.IsCompletedSuccessfully && task.Result is <= 0 and not -Errno.EIO);
}
