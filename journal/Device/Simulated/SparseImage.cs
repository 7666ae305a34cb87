namespace Txlfs.Journal.Device.Simulated;

/// <summary>
/// The content of a device, sparse and cheap to copy: a two-level table of blocks, in which a snapshot shares everything
/// until one side writes. A table or block may be written in place only by the image whose token it carries; taking a
/// snapshot changes the token, so that everything older is copied before its first change.
/// </summary>
public sealed class SparseImage
{
    private const int BlockBytes = 4096;
    private const int BlocksPerTable = 512;

    private readonly Table?[] _tables;
    private object _token = new();

    public SparseImage(long lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lengthBytes);
        LengthBytes = lengthBytes;
        const long tableBytes = (long)BlockBytes * BlocksPerTable;
        _tables = new Table?[(lengthBytes + tableBytes - 1) / tableBytes];
    }

    private SparseImage(SparseImage origin)
    {
        LengthBytes = origin.LengthBytes;
        _tables = (Table?[])origin._tables.Clone();
    }

    public long LengthBytes { get; }

    /// <summary>An independent image with the same content.</summary>
    public SparseImage Snapshot()
    {
        _token = new object();
        return new SparseImage(this);
    }

    public void Read(long offsetBytes, Span<byte> destination)
    {
        CheckRange(offsetBytes, destination.Length);
        while (!destination.IsEmpty)
        {
            int startBytes = (int)(offsetBytes % BlockBytes);
            int partBytes = Math.Min(destination.Length, BlockBytes - startBytes);
            byte[]? block = Find(offsetBytes / BlockBytes);
            if (block is null)
                destination[..partBytes].Clear();
            else
                block.AsSpan(startBytes, partBytes).CopyTo(destination);
            destination = destination[partBytes..];
            offsetBytes += partBytes;
        }
    }

    public void Write(long offsetBytes, ReadOnlySpan<byte> source)
    {
        CheckRange(offsetBytes, source.Length);
        while (!source.IsEmpty)
        {
            int startBytes = (int)(offsetBytes % BlockBytes);
            int partBytes = Math.Min(source.Length, BlockBytes - startBytes);
            source[..partBytes].CopyTo(Writable(offsetBytes / BlockBytes).AsSpan(startBytes));
            source = source[partBytes..];
            offsetBytes += partBytes;
        }
    }

    /// <summary>Makes whole blocks of the range read as zeros and frees them.</summary>
    public void Discard(long offsetBytes, long lengthBytes)
    {
        CheckRange(offsetBytes, lengthBytes);
        long first = (offsetBytes + BlockBytes - 1) / BlockBytes;
        long end = (offsetBytes + lengthBytes) / BlockBytes;
        for (long block = first; block < end; block++)
            if (Find(block) is not null)
                WritableTable(block).Set((int)(block % BlocksPerTable), null, _token);
    }

    private byte[]? Find(long block) => _tables[block / BlocksPerTable]?.Blocks[block % BlocksPerTable];

    private byte[] Writable(long block)
    {
        Table table = WritableTable(block);
        int slot = (int)(block % BlocksPerTable);
        byte[]? bytes = table.Blocks[slot];
        if (bytes is not null && table.Tokens[slot] == _token)
            return bytes;
        bytes = bytes is null ? new byte[BlockBytes] : (byte[])bytes.Clone();
        table.Set(slot, bytes, _token);
        return bytes;
    }

    private Table WritableTable(long block)
    {
        ref Table? table = ref _tables[block / BlocksPerTable];
        if (table is null)
            table = new Table(_token);
        else if (table.Token != _token)
            table = new Table(table, _token);
        return table;
    }

    private void CheckRange(long offsetBytes, long lengthBytes)
    {
        if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes > LengthBytes - lengthBytes)
            throw new ArgumentOutOfRangeException(nameof(offsetBytes), $"{offsetBytes}+{lengthBytes} is outside of an image of {LengthBytes} bytes");
    }

    private sealed class Table
    {
        public readonly object Token;
        public readonly byte[]?[] Blocks;
        public readonly object?[] Tokens;

        public Table(object token)
        {
            Token = token;
            Blocks = new byte[]?[BlocksPerTable];
            Tokens = new object?[BlocksPerTable];
        }

        public Table(Table origin, object token)
        {
            Token = token;
            Blocks = (byte[]?[])origin.Blocks.Clone();
            Tokens = (object?[])origin.Tokens.Clone();
        }

        public void Set(int slot, byte[]? block, object token)
        {
            Blocks[slot] = block;
            Tokens[slot] = token;
        }
    }
}
