using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Mount;
using Txlfs.TransportBench;
using Xunit;
using Xunit.Abstractions;

namespace Txlfs.Tests.Mounted;

/// <summary>Both transports under real file calls. Needs /dev/fuse and root; says so where it has not got them.</summary>
[Collection("mounted")]
public sealed class TransportTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(FuseTransportKind.Dev, false)]
    [InlineData(FuseTransportKind.Dev, true)]
    [InlineData(FuseTransportKind.Uring, false)]
    [InlineData(FuseTransportKind.Uring, true)]
    public async Task Files_can_be_used(FuseTransportKind transport, bool answersFromAnotherThread)
    {
        using TransportMount? mount = TransportMount.TryCreate(transport, output);
        if (mount is null)
            return;
        FSyncReaper? reaper = answersFromAnotherThread ? new FSyncReaper() : null;
        var filesystem = new MemoryFilesystem(static () => 1_000_000_000, reaper is null ? null : reaper.Add);
        using (FuseServer server = FuseServer.Start(mount.Options, filesystem))
        {
            output.WriteLine(server.TransportDescription);
            Assert.Equal(transport == FuseTransportKind.Uring ? "uring" : "dev", server.Session.Transport);
            Assert.InRange(server.MemoryBoundBytes, 1 << 20, 64 << 20);
            UseFiles(mount.MountPoint);
            UseFilesFromManyThreads(mount.MountPoint);
            Assert.Equal(0, server.Stop(FuseStop.IfUnused));
            await server.Finished.WaitAsync(TimeSpan.FromSeconds(20));
        }
        Assert.Empty(mount.Warnings);
    }

    [Fact]
    public void Auto_says_which_transport_it_took_and_why()
    {
        using TransportMount? mount = TransportMount.TryCreate(FuseTransportKind.Auto, output);
        if (mount is null)
            return;
        using FuseServer server = FuseServer.Start(mount.Options, new MemoryFilesystem(static () => 0));
        Assert.Contains(server.Session.Transport == "dev" ? "because" : "io_uring", server.TransportDescription, StringComparison.Ordinal);
    }

    private static void UseFiles(string root)
    {
        byte[] data = new byte[3_000_001];
        new Random(1).NextBytes(data);
        string path = Path.Combine(root, "data");
        using (FileStream stream = File.Create(path))
        {
            stream.Write(data);
            stream.Flush(flushToDisk: true);
        }
        Assert.Equal(data, File.ReadAllBytes(path));
        File.Move(path, path + "-moved");
        Assert.False(File.Exists(path));
        File.CreateSymbolicLink(path, path + "-moved");
        Assert.Equal(data.Length, File.ReadAllBytes(path).Length);

        string directory = Directory.CreateDirectory(Path.Combine(root, "dir", "below")).FullName;
        for (int i = 0; i < 500; i++)
            File.WriteAllText(Path.Combine(directory, $"a file with a longer name {i}"), $"{i}");
        Assert.Equal(500, Directory.GetFiles(directory).Length);
        Directory.Delete(Path.Combine(root, "dir"), recursive: true);
        Assert.Equal(["data", "data-moved"], Directory.GetFileSystemEntries(root).Select(Path.GetFileName).Order());
    }

    private static void UseFilesFromManyThreads(string root)
    {
        var threads = Enumerable.Range(0, 8).Select(n => new Thread(() => FillAndCheck(Path.Combine(root, $"thread-{n}"), n))).ToArray();
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            Assert.True(thread.Join(TimeSpan.FromSeconds(60)), "a thread that uses the mount hangs");
        Assert.Equal(8, Directory.GetFiles(root, "thread-*.ok").Length);
    }

    /// <summary>Leaves a mark when all was well, as an assertion in a thread of its own would end the process.</summary>
    private static void FillAndCheck(string path, int seed)
    {
        var random = new Random(seed);
        byte[] block = new byte[64 << 10];
        random.NextBytes(block);
        bool isRight = true;
        for (int round = 0; round < 20; round++)
        {
            using FileStream stream = new(path, FileMode.Create, FileAccess.ReadWrite);
            stream.Write(block, 0, random.Next(1, block.Length));
            stream.Flush(flushToDisk: true);
            stream.Position = 0;
            byte[] back = new byte[(int)stream.Length];
            stream.ReadExactly(back);
            isRight &= back.AsSpan().SequenceEqual(block.AsSpan(0, back.Length));
        }
        if (isRight)
            File.WriteAllText(path + ".ok", "");
    }
}
