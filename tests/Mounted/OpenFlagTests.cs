using Xunit;

namespace Txlfs.Tests.Mounted;

/// <summary>open(2) and what its flags promise.</summary>
[Trait("Category", "Mounted")]
public class OpenFlagTests
{
    [Theory, ClassData(typeof(Transports))]
    public void CreateExclusiveTruncateAndTheErrorsOfOpen(string transport)
    {
        using MountedVolume volume = new(transport);
        string path = volume["file"];
        Assert.Equal(Errno.Enoent, Posix.ErrnoOf(() => new OpenFile(path, Libc.ORdonly).Dispose()));
        using (OpenFile made = new(path, Libc.ORdwr | Libc.OCreat | Libc.OExcl, 0x180))
        {
            made.Write(0, "hello"u8);
            Assert.Equal(0x8180, made.Stat().Mode);
        }
        Assert.Equal(Errno.Eexist, Posix.ErrnoOf(() => new OpenFile(path, Libc.ORdwr | Libc.OCreat | Libc.OExcl).Dispose()));
        Assert.Equal(Errno.Enotdir, Posix.ErrnoOf(() => new OpenFile(path, Libc.ORdonly | Libc.ODirectory).Dispose()));
        Assert.Equal(Errno.Enotdir, Posix.ErrnoOf(() => new OpenFile(path + "/below", Libc.ORdonly).Dispose()));
        Assert.Equal(Errno.Eisdir, Posix.ErrnoOf(() => new OpenFile(volume.Root, Libc.OWronly).Dispose()));
        Assert.Equal(Errno.Enametoolong, Posix.ErrnoOf(() => new OpenFile(volume[new string('x', 256)], Libc.OWronly | Libc.OCreat).Dispose()));
        Assert.Equal("hello"u8.ToArray(), Posix.ReadFile(path));
        new OpenFile(path, Libc.OWronly | Libc.OTrunc).Dispose();
        Assert.Equal(0UL, Posix.Stat(path).Size);
        Posix.WriteFile(volume[new string('x', 255)], "long"u8);
        Posix.Check(Libc.Symlink("file", volume["link"]), "symlink");
        Assert.Equal(Errno.Eloop, Posix.ErrnoOf(() => new OpenFile(volume["link"], Libc.ORdonly | Libc.ONofollow).Dispose()));
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void AppendsOfTwoDescriptorsDoNotOverwriteEachOther(string transport)
    {
        using MountedVolume volume = new(transport);
        using (OpenFile first = new(volume["log"], Libc.OWronly | Libc.OCreat | Libc.OAppend))
        using (OpenFile second = new(volume["log"], Libc.OWronly | Libc.OAppend))
        {
            for (int i = 0; i < 500; i++)
            {
                (i % 2 == 0 ? first : second).Append(System.Text.Encoding.ASCII.GetBytes($"line {i:D6}\n"));
            }
        }
        string[] lines = File.ReadAllLines(volume["log"]);
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"line {i:D6}"), lines);
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void AFileWithoutANameAppearsWhenItIsLinkedAndVanishesOtherwise(string transport)
    {
        using MountedVolume volume = new(transport);
        using (OpenFile kept = new(volume.Root, Libc.ORdwr | Libc.OTmpfile))
        using (OpenFile lost = new(volume.Root, Libc.ORdwr | Libc.OTmpfile))
        {
            kept.Write(0, "kept"u8);
            lost.Write(0, "lost"u8);
            Assert.Equal(0U, kept.Stat().Nlink);
            Assert.Empty(Directory.GetFileSystemEntries(volume.Root));
            Posix.Check(Libc.LinkAt(Libc.AtFdcwd, $"/proc/self/fd/{kept.Descriptor}", Libc.AtFdcwd, volume["named"], Libc.AtSymlinkFollow), "linkat");
            Assert.Equal(1U, kept.Stat().Nlink);
        }
        Assert.Equal("kept"u8.ToArray(), Posix.ReadFile(volume["named"]));
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public unsafe void DirectIoWritesAndReadsPastTheCache(string transport)
    {
        using MountedVolume volume = new(transport);
        const int length = 256 * 1024;
        using Model.NativeBuffer buffer = new(Posix.Random(5, length)), back = new(length);
        using (OpenFile file = new(volume["direct"], Libc.ORdwr | Libc.OCreat | Libc.ODirect))
        {
            for (int offset = 0; offset < length; offset += 65536)
            {
                Assert.Equal(65536, (int)Libc.Pwrite(file.Descriptor, buffer.Slice.Pointer + offset, 65536, offset));
            }
            Assert.Equal(length, (int)Libc.Pread(file.Descriptor, back.Slice.Pointer, length, 0));
            Assert.True(buffer.Slice.Span.SequenceEqual(back.Slice.Span));
            Assert.Equal(4096, (int)Libc.Pwrite(file.Descriptor, back.Slice.Pointer, 4096, 8192));
        }
        byte[] expected = buffer.Slice.Span.ToArray();
        expected.AsSpan(0, 4096).CopyTo(expected.AsSpan(8192));
        Assert.Equal(expected, Posix.ReadFile(volume["direct"]));
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void SynchronousWritesSurviveAKill(string transport)
    {
        using MountedVolume volume = new(transport);
        foreach ((string name, int flag) in new[] { ("sync", Libc.OSync), ("dsync", Libc.ODsync) })
        {
            using OpenFile file = new(volume[name], Libc.OWronly | Libc.OCreat | flag);
            file.Write(0, Posix.Random(1, 10_000));
            file.Write(10_000, Posix.Random(2, 10_000));
        }
        volume.KillAndMount();
        foreach (string name in new[] { "sync", "dsync" })
        {
            Assert.Equal([.. Posix.Random(1, 10_000), .. Posix.Random(2, 10_000)], Posix.ReadFile(volume[name]));
        }
    }
}
