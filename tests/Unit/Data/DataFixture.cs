using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs;
using Txlfs.Lfs.Data;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Tests.Unit.Fakes;
using Xunit;

namespace Txlfs.Tests.Unit.Data;

/// <summary>A data path over the fake engine, with files that are made without a namespace, and checks of everything on "disk".</summary>
internal sealed class DataFixture : IDisposable
{
    public const ulong File = 100;
    public const int BufferBytes = 8 << 20;
    private readonly Pinned _buffer = new(BufferBytes);

    public DataFixture(CodecKind codec = CodecKind.None, ChecksumKind checksum = ChecksumKind.Crc32c, ulong seed = 1)
    {
        Engine = new FakeEngine(seed) { DataCodec = codec, ChecksumKind = checksum };
        Path = new DataPath(Engine);
    }

    public FakeEngine Engine { get; }
    public DataPath Path { get; private set; }

    /// <summary>As after a mount: nothing is remembered but what the index says.</summary>
    public void Remount() => Path = new DataPath(Engine);

    public void Create(ulong inode = File, uint mode = ModeBits.Regular | 0x1A4)
    {
        OpResult<bool> made = Engine.Run(Engine.CommitAsync<PutInode, bool>(new PutInode(new InodeAttributes { Inode = inode, Mode = mode, Nlink = 1 }), default, CommitKind.Create));
        Assert.True(made.IsOk);
    }

    public int Write(ulong inode, long offset, ReadOnlySpan<byte> data, WriteOptions options = WriteOptions.None)
    {
        var source = new Pinned(data);
        int result = Engine.Run(Path.WriteAsync(inode, offset, source.Slice, options, default));
        GC.KeepAlive(source);
        return result;
    }

    public int TryRead(ulong inode, long offset, int length, out byte[] data)
    {
        _buffer.Span[..length].Fill(0xEE);
        int result = Engine.Run(Path.ReadAsync(inode, offset, _buffer.Slice.Slice(0, length)));
        data = _buffer.Span[..Math.Max(result, 0)].ToArray();
        return result;
    }

    public byte[] Read(ulong inode, long offset, int length)
    {
        int result = TryRead(inode, offset, length, out byte[] data);
        Assert.True(result >= 0, $"read of {length} at {offset}: {result}");
        return data;
    }

    public InodeAttributes Attributes(ulong inode = File)
    {
        byte[]? value = Engine.Index[Key.Of(inode, RecordKind.Inode, 0)];
        Assert.NotNull(value);
        Assert.True(InodeRecord.TryRead(value, inode, out InodeAttributes attributes));
        return attributes;
    }

    public int SetSize(ulong inode, long size)
    {
        OpResult<InodeAttributes> result = Engine.Run(Path.SetSizeAsync(inode, size, default, default));
        return -result.Errno;
    }

    public List<(long Start, Extent Extent, byte[] Value)> Extents(ulong inode)
    {
        var found = new List<(long, Extent, byte[])>();
        foreach ((Key key, byte[] value) in Engine.Index.Records)
        {
            if (key.Inode == inode && key.Kind == RecordKind.Extent)
            {
                Assert.True(ExtentRecord.TryParse(value, Engine.ChecksumKind, out Extent extent), $"record at {key.Sub} is not sound");
                found.Add(((long)key.Sub, extent, value));
            }
        }
        return found;
    }

    /// <summary>Checks invariants D1 to D3 of a file: extents apart, one form, allocated bytes exact, nothing visible behind the size.</summary>
    public void CheckStructure(ulong inode)
    {
        InodeAttributes attributes = Attributes(inode);
        long allocated = 0, end = 0;
        List<(long Start, Extent Extent, byte[] Value)> extents = Extents(inode);
        foreach ((long start, Extent extent, byte[] value) in extents)
        {
            Assert.True(start % Limits.BlockBytes == 0 && start >= end, $"extent at {start} begins inside the one before, which ends at {end}");
            Assert.True(extent.IsUnwritten || start + extent.VisibleLengthBytes <= attributes.SizeBytes, $"extent at {start} shows bytes behind the size");
            Assert.Equal(extent.IsUnwritten, ExtentRecord.LiveBytes(value) == 0);
            end = start + extent.AllocatedBytes;
            allocated += extent.AllocatedBytes;
        }
        byte[]? inline = Engine.Index[Key.Of(inode, RecordKind.Inline, 0)];
        if (inline is not null)
        {
            Assert.Empty(extents);
            allocated += FileForms.InlineAllocatedBytes(inline.Length - 8);
            Assert.True(inline.Length - 8 <= attributes.SizeBytes);
        }
        Assert.Equal(allocated, attributes.AllocatedBytes);
        Assert.Equal(0, Engine.OpenReservations);
        Assert.Equal(0, Engine.HeldReservations);
    }

    public void Dispose() => Engine.Dispose();

    private readonly struct PutInode(InodeAttributes attributes) : ICommitBody<bool>
    {
        public bool MayUseReserve => false;

        public int Run(ref CommitContext context, out bool result)
        {
            result = true;
            InodeAccess.Put(ref context, attributes);
            return 0;
        }
    }
}
