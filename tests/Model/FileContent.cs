using System.Collections.Immutable;

namespace Txlfs.Tests.Model;

/// <summary>
/// The bytes of a file, sparse and persistent: every change gives a new value that shares what did not change, so that every state of
/// a long run can be kept. Chunks of zeros are not stored; the bytes behind the end are zero.
/// </summary>
public sealed class FileContent
{
    public const int ChunkBytes = 4096;
    public static readonly FileContent Empty = new(0, ImmutableDictionary<long, Chunk>.Empty, 0);
    private readonly ImmutableDictionary<long, Chunk> _chunks;

    private FileContent(long sizeBytes, ImmutableDictionary<long, Chunk> chunks, ulong fingerprint)
    {
        SizeBytes = sizeBytes;
        _chunks = chunks;
        Fingerprint = fingerprint;
    }

    public long SizeBytes { get; }

    /// <summary>Of the stored bytes; the size is not part of it.</summary>
    public ulong Fingerprint { get; }

    public static ulong ChunkFingerprint(long index, ReadOnlySpan<byte> chunk) => Hashing.Mix((ulong)index, Hashing.Of(chunk));

    public byte[] Read(long offsetBytes, int lengthBytes)
    {
        byte[] data = new byte[Math.Max(0, Math.Min(lengthBytes, SizeBytes - offsetBytes))];
        for (int done = 0; done < data.Length;)
        {
            long index = (offsetBytes + done) / ChunkBytes;
            int within = (int)((offsetBytes + done) % ChunkBytes);
            int part = Math.Min(ChunkBytes - within, data.Length - done);
            if (_chunks.TryGetValue(index, out Chunk? chunk))
            {
                chunk.Bytes.AsSpan(within, part).CopyTo(data.AsSpan(done));
            }
            done += part;
        }
        return data;
    }

    public bool IsZero(long offsetBytes, long lengthBytes)
    {
        long end = Math.Min(SizeBytes, offsetBytes + lengthBytes);
        foreach ((long index, Chunk chunk) in _chunks)
        {
            long from = Math.Max(offsetBytes, index * ChunkBytes), to = Math.Min(end, (index + 1) * ChunkBytes);
            if (from < to && chunk.Bytes.AsSpan((int)(from - (index * ChunkBytes)), (int)(to - from)).ContainsAnyExcept((byte)0))
            {
                return false;
            }
        }
        return true;
    }

    public FileContent Write(long offsetBytes, ReadOnlySpan<byte> data) => Replace(offsetBytes, data.Length, data, Math.Max(SizeBytes, offsetBytes + data.Length));

    /// <summary>Zeros the part of the range that lies inside the file.</summary>
    public FileContent Zero(long offsetBytes, long lengthBytes)
    {
        FileContent result = this;
        long end = Math.Min(SizeBytes, offsetBytes + lengthBytes);
        foreach (long index in _chunks.Keys)
        {
            long from = Math.Max(offsetBytes, index * ChunkBytes), to = Math.Min(end, (index + 1) * ChunkBytes);
            if (from < to)
            {
                result = result.Replace(from, (int)(to - from), default, SizeBytes);
            }
        }
        return result;
    }

    public FileContent Resize(long sizeBytes)
    {
        FileContent cut = sizeBytes < SizeBytes ? Zero(sizeBytes, SizeBytes - sizeBytes) : this;
        return new FileContent(sizeBytes, cut._chunks, cut.Fingerprint);
    }

    /// <summary>Takes the range out; what is behind it moves down.</summary>
    public FileContent Collapse(long offsetBytes, long lengthBytes)
    {
        byte[] tail = Read(offsetBytes + lengthBytes, (int)(SizeBytes - offsetBytes - lengthBytes));
        return Resize(offsetBytes).Write(offsetBytes, tail);
    }

    /// <summary>Puts zeros in; what is behind the offset moves up.</summary>
    public FileContent Insert(long offsetBytes, long lengthBytes)
    {
        byte[] tail = Read(offsetBytes, (int)(SizeBytes - offsetBytes));
        return Resize(offsetBytes).Resize(offsetBytes + lengthBytes).Write(offsetBytes + lengthBytes, tail);
    }

    /// <summary>An empty <paramref name="data"/> stands for zeros.</summary>
    private FileContent Replace(long offsetBytes, int lengthBytes, ReadOnlySpan<byte> data, long sizeBytes)
    {
        ImmutableDictionary<long, Chunk>.Builder chunks = _chunks.ToBuilder();
        ulong fingerprint = Fingerprint;
        for (int done = 0; done < lengthBytes;)
        {
            long index = (offsetBytes + done) / ChunkBytes;
            int within = (int)((offsetBytes + done) % ChunkBytes);
            int part = Math.Min(ChunkBytes - within, lengthBytes - done);
            byte[] bytes = new byte[ChunkBytes];
            if (chunks.TryGetValue(index, out Chunk? old))
            {
                old.Bytes.CopyTo(bytes, 0);
                fingerprint ^= old.Fingerprint;
                chunks.Remove(index);
            }
            Span<byte> room = bytes.AsSpan(within, part);
            if (data.IsEmpty)
            {
                room.Clear();
            }
            else
            {
                data.Slice(done, part).CopyTo(room);
            }
            if (bytes.AsSpan().ContainsAnyExcept((byte)0))
            {
                Chunk chunk = new(bytes, ChunkFingerprint(index, bytes));
                chunks.Add(index, chunk);
                fingerprint ^= chunk.Fingerprint;
            }
            done += part;
        }
        return new FileContent(sizeBytes, chunks.ToImmutable(), fingerprint);
    }

    private sealed record Chunk(byte[] Bytes, ulong Fingerprint);
}
