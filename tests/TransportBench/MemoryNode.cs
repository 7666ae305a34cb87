using System.Runtime.InteropServices;
using Txlfs.Fsd.Fuse.Abi;

namespace Txlfs.TransportBench;

/// <summary>A file, directory or symlink in memory. Data is in chunks of native memory that are made when first written; lock the node to touch it.</summary>
internal sealed unsafe class MemoryNode
{
    public const int ChunkBytes = 64 << 10;
    public const uint TypeMask = 0xF000, DirectoryType = 0x4000, RegularType = 0x8000, SymlinkType = 0xA000;

    private nint[] _chunks = [];

    public MemoryNode(ulong id, uint mode, uint uid, uint gid, long timeS)
    {
        Attr = new FuseAttr
        {
            Ino = id,
            Mode = mode,
            NLink = IsDirectoryMode(mode) ? 2u : 1u,
            Uid = uid,
            Gid = gid,
            BlockSizeBytes = 4096,
            ATimeS = timeS,
            MTimeS = timeS,
            CTimeS = timeS,
        };
        if (IsDirectoryMode(mode))
            Directory = new MemoryDirectory();
    }

    public FuseAttr Attr;
    public MemoryDirectory? Directory { get; }
    public byte[] LinkTarget { get; set; } = [];

    /// <summary>References the kernel holds; guarded by the filesystem's lock.</summary>
    public ulong LookupCount { get; set; }

    public bool IsDirectory => Directory is not null;

    private static bool IsDirectoryMode(uint mode) => (mode & TypeMask) == DirectoryType;

    public int Read(ulong offsetBytes, Span<byte> destination)
    {
        if (offsetBytes >= Attr.SizeBytes)
            return 0;
        int length = (int)Math.Min((ulong)destination.Length, Attr.SizeBytes - offsetBytes);
        for (int done = 0; done < length;)
        {
            (int chunk, int within, int part) = Locate(offsetBytes + (ulong)done, length - done);
            if (chunk < _chunks.Length && _chunks[chunk] != 0)
                new ReadOnlySpan<byte>((byte*)_chunks[chunk] + within, part).CopyTo(destination.Slice(done, part));
            else
                destination.Slice(done, part).Clear();
            done += part;
        }
        return length;
    }

    public void Write(ulong offsetBytes, ReadOnlySpan<byte> source)
    {
        for (int done = 0; done < source.Length;)
        {
            (int chunk, int within, int part) = Locate(offsetBytes + (ulong)done, source.Length - done);
            if (chunk >= _chunks.Length)
                Array.Resize(ref _chunks, Math.Max(chunk + 1, _chunks.Length * 2));
            if (_chunks[chunk] == 0)
                _chunks[chunk] = (nint)NativeMemory.AllocZeroed(ChunkBytes);
            source.Slice(done, part).CopyTo(new Span<byte>((byte*)_chunks[chunk] + within, part));
            done += part;
        }
        Attr.SizeBytes = Math.Max(Attr.SizeBytes, offsetBytes + (ulong)source.Length);
        Attr.Blocks = (Attr.SizeBytes + 511) / 512;
    }

    public void Truncate(ulong sizeBytes)
    {
        int keep = (int)((sizeBytes + ChunkBytes - 1) / ChunkBytes);
        for (int i = keep; i < _chunks.Length; i++)
        {
            NativeMemory.Free((void*)_chunks[i]);
            _chunks[i] = 0;
        }
        int within = (int)(sizeBytes % ChunkBytes);
        if (within != 0 && keep <= _chunks.Length && _chunks[keep - 1] != 0)
            new Span<byte>((byte*)_chunks[keep - 1] + within, ChunkBytes - within).Clear();
        Attr.SizeBytes = sizeBytes;
        Attr.Blocks = (sizeBytes + 511) / 512;
    }

    private static (int Chunk, int Within, int Part) Locate(ulong offsetBytes, int wantedBytes)
    {
        int within = (int)(offsetBytes % ChunkBytes);
        return ((int)(offsetBytes / ChunkBytes), within, Math.Min(wantedBytes, ChunkBytes - within));
    }
}
