using Xunit;

namespace Txlfs.Tests.Mounted;

/// <summary>The bytes of files: sparse, mapped, truncated, allocated, copied.</summary>
[Trait("Category", "Mounted")]
public class DataTests
{
    private const int Block = 4096;

    [Theory, ClassData(typeof(Transports))]
    public void RandomOverwritesReadBackEverywhere(string transport)
    {
        using MountedVolume volume = new(transport);
        Model.SeededRandom random = new(11);
        byte[] expected = new byte[3_000_000];
        using (OpenFile file = new(volume["file"], Libc.ORdwr | Libc.OCreat))
        {
            file.Truncate(expected.Length);
            for (int i = 0; i < 300; i++)
            {
                byte[] part = random.Data(random.Between(1, i % 10 == 0 ? 300_000 : 9000));
                int offset = random.Below(expected.Length - part.Length);
                part.CopyTo(expected, offset);
                file.Write(offset, part);
            }
            Assert.Equal(expected, file.Read(0, expected.Length));
        }
        volume.Remount();
        Assert.Equal(expected, Posix.ReadFile(volume["file"]));
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void HolesAreFoundAndReadAsZeros(string transport)
    {
        using MountedVolume volume = new(transport);
        using (OpenFile file = new(volume["sparse"], Libc.ORdwr | Libc.OCreat))
        {
            file.Write(1 << 20, Posix.Random(1, 128 * 1024));
            file.Write(1L << 40, Posix.Random(2, 5000));
            file.Sync();
            Assert.Equal((ulong)((1L << 40) + 5000), file.Stat().Size);
            Assert.True(file.Stat().Blocks * 512 < 1 << 20, "holes take room");
            Assert.Equal(1 << 20, file.Seek(0, Libc.SeekData));
            Assert.Equal((1 << 20) + (128 * 1024), file.Seek(1 << 20, Libc.SeekHole));
            Assert.Equal(1L << 40, file.Seek(2 << 20, Libc.SeekData));
            Assert.Equal(0, file.Seek(0, Libc.SeekHole));
            Assert.Equal(Errno.Enxio, Posix.ErrnoOf(() => Posix.Require(file.Seek(1L << 41, Libc.SeekData) >= 0, "seek")));
            Assert.Equal(new byte[100_000], file.Read(0, 100_000));
            Assert.Equal(Posix.Random(2, 5000), file.Read(1L << 40, 10_000));
            file.Truncate(2 << 20);
        }
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void WhatATruncationCutsNeverComesBack(string transport)
    {
        using MountedVolume volume = new(transport);
        byte[] data = Posix.Random(3, 200_000);
        foreach (int size in new[] { 0, 1, 100, 2048, 2049, 4095, 4096, 65536, 131_073, 199_999 })
        {
            string path = volume[$"cut{size}"];
            Posix.WriteFile(path, data);
            using OpenFile file = new(path, Libc.ORdwr);
            file.Truncate(size);
            file.Truncate(200_000);
            byte[] expected = [.. data[..size], .. new byte[200_000 - size]];
            Assert.Equal(expected, file.Read(0, 200_000));
        }
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public unsafe void ASharedMappingWritesThroughToTheFile(string transport)
    {
        using MountedVolume volume = new(transport);
        const int length = 1 << 20;
        using (OpenFile file = new(volume["mapped"], Libc.ORdwr | Libc.OCreat))
        {
            file.Truncate(length);
            byte* memory = (byte*)Libc.Mmap(null, length, Libc.ProtRead | Libc.ProtWrite, Libc.MapShared, file.Descriptor, 0);
            Assert.True((nint)memory != -1, "mmap failed");
            Posix.Random(4, length).CopyTo(new Span<byte>(memory, length));
            Posix.Check(Libc.Msync(memory, length, Libc.MsSync), "msync");
            Assert.Equal(Posix.Random(4, length), file.Read(0, length));
            file.Write(5000, "through the descriptor"u8);
            Assert.True(new Span<byte>(memory + 5000, 22).SequenceEqual("through the descriptor"u8));
            memory[length - 1] = 77;
            Posix.Check(Libc.Msync(memory, length, Libc.MsSync), "msync");
            Posix.Check(Libc.Munmap(memory, length), "munmap");
        }
        byte[] expected = Posix.Random(4, length);
        "through the descriptor"u8.CopyTo(expected.AsSpan(5000));
        expected[^1] = 77;
        volume.KillAndMount();
        Assert.Equal(expected, Posix.ReadFile(volume["mapped"]));
    }

    [Theory, ClassData(typeof(Transports))]
    public void FallocateModes(string transport)
    {
        using MountedVolume volume = new(transport);
        byte[] data = Posix.Random(6, 64 * Block);
        using (OpenFile file = new(volume["file"], Libc.ORdwr | Libc.OCreat))
        {
            file.Allocate(0, 0, 10_000);
            Assert.Equal(10_000UL, file.Stat().Size);
            file.Allocate(1, 0, 1 << 20);
            Assert.Equal(10_000UL, file.Stat().Size);
            file.Write(0, data);
            file.Allocate(3, 5000, 20_000);
            data.AsSpan(5000, 20_000).Clear();
            Assert.Equal(data, file.Read(0, data.Length));
            file.Allocate(16, 100_000, 30_000);
            data.AsSpan(100_000, 30_000).Clear();
            Assert.Equal(data, file.Read(0, data.Length));
            file.Allocate(16, data.Length - 100, 200);
            data = [.. data[..^100], .. new byte[200]];
            Assert.Equal(data, file.Read(0, data.Length + 10));
            CollapseAndInsert(file, data);
        }
        // Kernel and daemon stamp an fallocate each by its own clock, milliseconds apart, and an unmount settles it: not what is looked at here.
        Posix.SetTimes(volume["file"], 1_600_000_000);
        volume.CheckAfterRemounts();
    }

    private static void CollapseAndInsert(OpenFile file, byte[] data)
    {
        const int notSupported = 95;
        int collapsed = Posix.ErrnoOf(() => file.Allocate(8, 8 * Block, 8 * Block));
        Assert.Contains(collapsed, new[] { 0, notSupported });
        byte[] expected = collapsed == 0 ? [.. data[..(8 * Block)], .. data[(16 * Block)..]] : data;
        Assert.Equal(expected, file.Read(0, expected.Length + 10));
        int inserted = Posix.ErrnoOf(() => file.Allocate(32, 4 * Block, 2 * Block));
        Assert.Contains(inserted, new[] { 0, notSupported });
        expected = inserted == 0 ? [.. expected[..(4 * Block)], .. new byte[2 * Block], .. expected[(4 * Block)..]] : expected;
        Assert.Equal(expected, file.Read(0, expected.Length + 10));
    }

    [Theory, ClassData(typeof(Transports))]
    public unsafe void CopyFileRangeCopies(string transport)
    {
        using MountedVolume volume = new(transport);
        byte[] data = Posix.Random(8, 700_000);
        Posix.WriteFile(volume["source"], data);
        using (OpenFile source = new(volume["source"], Libc.ORdonly), target = new(volume["target"], Libc.ORdwr | Libc.OCreat))
        {
            long from = 1234, to = 777;
            while (from < data.Length)
            {
                nint copied = Posix.Check(Libc.CopyFileRange(source.Descriptor, &from, target.Descriptor, &to, (nuint)(data.Length - from), 0), "copy_file_range");
                Assert.True(copied > 0, "nothing was copied");
            }
            Assert.Equal([.. new byte[777], .. data[1234..]], target.Read(0, data.Length));
        }
        volume.CheckAfterRemounts();
    }

    [Theory, ClassData(typeof(Transports))]
    public void AnUnlinkedFileLivesUntilItIsClosed(string transport)
    {
        byte[] data = Posix.Random(9, 40_000_000);
        using MountedVolume volume = new(transport, "256M");
        ulong freeBefore = Free(volume);
        using (OpenFile file = new(volume["gone"], Libc.ORdwr | Libc.OCreat))
        {
            file.Write(0, data);
            Posix.Unlink(volume["gone"]);
            Assert.Empty(Directory.GetFileSystemEntries(volume.Root));
            file.Write(data.Length, Posix.Random(10, 1000));
            Assert.True(data.AsSpan().SequenceEqual(file.Read(0, data.Length)), "the unlinked file reads differently");
            Assert.Equal(0U, file.Stat().Nlink);
        }
        volume.Sync();
        volume.Remount();
        // Segments that were begun are not free, whatever is still alive in them.
        Assert.True(Free(volume) + (12 << 20) > freeBefore, "the space of the unlinked file did not come back");
    }

    private static ulong Free(MountedVolume volume) => ulong.Parse(Programs.Shell($"stat -f -c %a {volume.Root}")) * ulong.Parse(Programs.Shell($"stat -f -c %S {volume.Root}"));
}
