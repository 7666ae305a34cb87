using System.Runtime.InteropServices;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal.Device;
using Xunit;

namespace Txlfs.Tests.Unit.Fuse;

public sealed unsafe class DirentWriterTests
{
    [Fact]
    public void Entries_are_padded_to_eight_bytes_and_end_where_they_no_longer_fit()
    {
        byte* memory = stackalloc byte[72];
        new Span<byte>(memory, 72).Fill(0xFF);
        var writer = new DirentWriter(new NativeSlice(memory, 72));

        Assert.True(writer.TryAppend("abc"u8, 7, 11, 0x8000 | 0x1A4));
        Assert.Equal(32, writer.WrittenBytes);
        Assert.True(writer.TryAppend("12345678"u8, 8, 12, 0x4000));
        Assert.Equal(64, writer.WrittenBytes);
        Assert.False(writer.TryAppend("x"u8, 9, 13, 0x8000));
        Assert.Equal(64, writer.WrittenBytes);

        var first = MemoryMarshal.Read<FuseDirent>(new ReadOnlySpan<byte>(memory, 72));
        Assert.Equal((7UL, 11UL, 3u, 8u), (first.Ino, first.NextCookie, first.NameLengthBytes, first.Type));
        Assert.True(new ReadOnlySpan<byte>(memory + 24, 8).SequenceEqual("abc\0\0\0\0\0"u8));
        Assert.Equal(4u, MemoryMarshal.Read<FuseDirent>(new ReadOnlySpan<byte>(memory + 32, 40)).Type);
        Assert.Equal(0xFF, memory[64]);
    }

    [Fact]
    public void Plus_entries_carry_their_attributes()
    {
        byte* memory = stackalloc byte[160];
        var writer = new DirentWriter(new NativeSlice(memory, 160));
        var entry = new FuseEntryOut { NodeId = 5, Attr = new FuseAttr { Ino = 6, Mode = 0xA1FF } };

        Assert.True(writer.TryAppendPlus("link"u8, entry, 3));
        Assert.Equal(160, writer.WrittenBytes);
        Assert.False(writer.TryAppendPlus(""u8, entry, 4));

        var read = MemoryMarshal.Read<FuseDirentPlus>(new ReadOnlySpan<byte>(memory, 160));
        Assert.Equal((5UL, 6UL, 10u, 3UL), (read.Entry.NodeId, read.Dirent.Ino, read.Dirent.Type, read.Dirent.NextCookie));
    }
}
